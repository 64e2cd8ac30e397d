/** What there is to scrape: names and units by the conventions of Prometheus, and of OpenTelemetry where it has one. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** In one sentence, without the full stop. */
  readonly help: string
  readonly labels: readonly string[]
}

/** By lane: the app, where it sends to, and whether to `devices` or to channels (`broadcast`). */
const LANE = ['app', 'environment', 'service'] as const

export type MetricName =
  | 'apns_worker_info'
  | 'apns_worker_notifications_total'
  | 'apns_worker_refusals_total'
  | 'apns_worker_dead_tokens_total'
  | 'apns_worker_retries_total'
  | 'apns_worker_answer_duration_seconds'
  | 'apns_worker_claimed_batches_total'
  | 'apns_worker_returned_batches_total'
  | 'apns_worker_queue_tokens'
  | 'apns_worker_queue_oldest_age_seconds'
  | 'apns_worker_queue_paused'
  | 'apns_worker_paused'
  | 'apns_worker_connections'
  | 'apns_worker_connection_failures_total'
  | 'apns_worker_back_off_seconds'
  | 'apns_worker_streams'
  | 'apns_worker_streams_allowed'
  | 'apns_worker_provider_token_age_seconds'
  | 'apns_worker_certificate_expiry_seconds'
  | 'apns_worker_store_up'
  | 'apns_worker_store_bytes'
  | 'apns_worker_store_errors_total'
  | 'apns_worker_leased_batches'
  | 'apns_worker_webhook_lag_seconds'
  | 'http_server_request_duration_seconds'
  | 'process_cpu_seconds_total'
  | 'process_resident_memory_bytes'
  | 'process_start_time_seconds'
  | 'nodejs_heap_used_bytes'
  | 'nodejs_eventloop_delay_p50_seconds'
  | 'nodejs_eventloop_delay_p99_seconds'
  | 'nodejs_eventloop_delay_max_seconds'
  | 'nodejs_eventloop_utilization_ratio'

function define(
  kind: MetricDefinition['kind'],
  help: string,
  labels: readonly string[] = [],
): MetricDefinition {
  return { kind, help, labels }
}

/** Counters have their `_total`, histograms the name without `_bucket`, `_sum` and `_count`. */
export const METRICS: Readonly<Record<MetricName, MetricDefinition>> = {
  apns_worker_info: define('gauge', 'What this process does, and its name among those that send', [
    'role',
    'worker',
  ]),
  apns_worker_notifications_total: define('counter', 'Tokens whose fate was written down', [
    ...LANE,
    'status',
  ]),
  apns_worker_refusals_total: define('counter', 'Tokens that were refused, by reason', [...LANE, 'reason']),
  apns_worker_dead_tokens_total: define('counter', 'Tokens that Apple declared dead', LANE),
  apns_worker_retries_total: define('counter', 'Times that a notification went back to be sent again', LANE),
  apns_worker_answer_duration_seconds: define(
    'histogram',
    'From the acceptance of a message to the answer of Apple for each of its tokens',
    LANE,
  ),
  apns_worker_claimed_batches_total: define('counter', 'Batches that the worker took on', LANE),
  apns_worker_returned_batches_total: define('counter', 'Batches that the worker gave back, or lost', LANE),
  apns_worker_queue_tokens: define('gauge', 'Tokens without an outcome', LANE),
  apns_worker_queue_oldest_age_seconds: define(
    'gauge',
    'For how long the oldest unfinished message could have been sent',
    LANE,
  ),
  apns_worker_queue_paused: define('gauge', 'Whether an operator has paused the app, or everything', LANE),
  apns_worker_paused: define('gauge', 'Whether a configuration error has stopped the line, and which', [
    ...LANE,
    'reason',
  ]),
  apns_worker_connections: define('gauge', 'Connections to Apple, by state', [...LANE, 'state']),
  apns_worker_connection_failures_total: define('counter', 'Connections that broke or were refused', LANE),
  apns_worker_back_off_seconds: define('gauge', 'Time until the next attempt to connect', LANE),
  apns_worker_streams: define('gauge', 'Requests that wait for the answer of Apple', LANE),
  apns_worker_streams_allowed: define('gauge', 'Requests that Apple allows at a time', LANE),
  apns_worker_provider_token_age_seconds: define('gauge', 'Age of the provider token', LANE),
  apns_worker_certificate_expiry_seconds: define(
    'gauge',
    'Time until the client certificate expires, negative afterwards',
    LANE,
  ),
  apns_worker_store_up: define('gauge', 'Whether the store answered this scrape'),
  apns_worker_store_bytes: define('gauge', 'Size of the store'),
  apns_worker_store_errors_total: define('counter', 'Calls of the worker to the store that failed', ['call']),
  apns_worker_leased_batches: define('gauge', 'Batches that a worker has in hand'),
  apns_worker_webhook_lag_seconds: define('gauge', 'How long the oldest dead token waits for the webhook'),
  http_server_request_duration_seconds: define('histogram', 'Requests to the API', [
    'http_request_method',
    'http_route',
    'http_response_status_code',
  ]),
  process_cpu_seconds_total: define('counter', 'Processor time of the process'),
  process_resident_memory_bytes: define('gauge', 'Resident memory of the process'),
  process_start_time_seconds: define('gauge', 'Start of the process, as Unix time'),
  nodejs_heap_used_bytes: define('gauge', 'JavaScript heap in use'),
  nodejs_eventloop_delay_p50_seconds: define(
    'gauge',
    'Delay of the event loop since the last scrape, median',
  ),
  nodejs_eventloop_delay_p99_seconds: define('gauge', 'Delay of the event loop since the last scrape, p99'),
  nodejs_eventloop_delay_max_seconds: define(
    'gauge',
    'Delay of the event loop since the last scrape, longest',
  ),
  nodejs_eventloop_utilization_ratio: define(
    'gauge',
    'Share of the time since the last scrape that it was busy',
  ),
}
