import type { FastifyInstance } from 'fastify'
import type { Logger as ServerLog } from 'pino'
import type { Outbox } from '../../outbox/outbox.js'
import type { WorkerObserver } from '../../worker/worker-observer.js'

/** Spans of the API's requests, and of the sending of batches, each with a link to the request that stored its message. */
export interface Tracing {
  readonly observer: WorkerObserver
  /** Gives each request a span; call it before the app is ready. */
  instrument(app: FastifyInstance): void
  /** The same outbox, for the API: what it stores knows the request that it came with. */
  traced(outbox: Outbox): Outbox
  /** Sends what there is. */
  shutdown(): Promise<void>
}

/**
 * Starts it when the standard variables ask for it; otherwise nothing of OpenTelemetry's tracing is even loaded.
 *
 * @param environment the process's own: OpenTelemetry reads the details from there
 */
export async function startTracing(
  environment: NodeJS.ProcessEnv,
  log: ServerLog,
): Promise<Tracing | undefined> {
  if (!isWanted(environment, log)) return undefined
  const { OtlpTracing } = await import('./otlp-tracing.js')
  return new OtlpTracing()
}

/** OpenTelemetry, "Environment Variable Specification". Unlike there, nothing is exported where no variable is set. */
function isWanted(environment: NodeJS.ProcessEnv, log: ServerLog): boolean {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false
  const endpoint =
    environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? environment['OTEL_EXPORTER_OTLP_ENDPOINT']
  const exporter = environment['OTEL_TRACES_EXPORTER'] || (endpoint ? 'otlp' : 'none')
  if (exporter === 'none') return false
  if (exporter !== 'otlp') {
    log.warn({ exporter }, 'OTEL_TRACES_EXPORTER is neither otlp nor none: there are no traces')
    return false
  }
  const protocol =
    environment['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? environment['OTEL_EXPORTER_OTLP_PROTOCOL']
  if (protocol !== undefined && protocol !== 'http/json') {
    log.warn({ protocol }, 'traces are sent as http/json, whatever OTEL_EXPORTER_OTLP_PROTOCOL says')
  }
  return true
}
