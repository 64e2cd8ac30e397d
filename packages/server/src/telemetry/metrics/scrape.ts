import type { AppInfo } from '../../apps/app-registry.js'
import type { ServerRole } from '../../config/server-config.js'
import type { OutboxStats } from '../../outbox/outbox.js'
import { Exposition } from './exposition.js'
import { type ObservedManager, writeLane } from './lane-gauges.js'
import { type LaneLabels, laneLabels } from './lane-labels.js'
import type { ProcessGauges } from './process-gauges.js'
import type { RequestBooks } from './request-books.js'
import type { SendingBooks } from './sending-books.js'

/** Where the figures come from that nobody counts on the way. They are asked at each scrape. */
export interface MetricSources {
  readonly outbox: { stats(): Promise<OutboxStats> }
  readonly apps: {
    readonly apps: ReadonlyMap<string, AppInfo>
    readonly managers: ReadonlyMap<string, ObservedManager>
  }
  /** Which process this is. Default: the only one. */
  readonly identity?: { readonly role: ServerRole; readonly worker: string } | undefined
  /** How many seconds the oldest dead token has waited for the webhook; undefined where there is none. */
  readonly webhookLag?: (() => number | undefined) | undefined
}

export interface Books {
  readonly sending: SendingBooks
  readonly requests: RequestBooks
  readonly process: ProcessGauges
}

/** @returns the text of one scrape */
export async function scrape(books: Books, sources: MetricSources | undefined): Promise<string> {
  const exposition = new Exposition()
  const labelsOf = (lane: string): LaneLabels => laneLabels(lane, sources?.apps.apps)
  const { role = 'all', worker = '' } = sources?.identity ?? {}
  exposition.set('apns_worker_info', 1, { role, worker: role === 'api' ? '' : worker })
  if (sources !== undefined) await writeStore(exposition, sources, labelsOf)
  // Zeros of lines that it never has would be no news.
  if (role !== 'api') writeSending(exposition, books.sending, sources, labelsOf)
  books.requests.writeTo(exposition)
  books.process.writeTo(exposition)
  return exposition.toString()
}

/** What a server that sends has counted, and how its lines are. */
function writeSending(
  exposition: Exposition,
  sending: SendingBooks,
  sources: MetricSources | undefined,
  labelsOf: (lane: string) => LaneLabels,
): void {
  for (const lane of sources?.apps.managers.keys() ?? []) sending.open(lane)
  for (const [lane, counted] of sending.lanes()) {
    const labels = { ...labelsOf(lane) }
    for (const [status, count] of Object.entries(counted.statuses)) {
      exposition.set('apns_worker_notifications_total', count, { ...labels, status })
    }
    for (const [reason, count] of counted.reasons) {
      exposition.set('apns_worker_refusals_total', count, { ...labels, reason })
    }
    exposition.set('apns_worker_dead_tokens_total', counted.dead, labels)
    exposition.set('apns_worker_claimed_batches_total', counted.claimed, labels)
    exposition.set('apns_worker_returned_batches_total', counted.returned, labels)
    exposition.setHistogram('apns_worker_answer_duration_seconds', counted.answers, labels)
  }
  for (const [lane, manager] of sources?.apps.managers ?? []) {
    writeLane(exposition, { labels: labelsOf(lane), paused: manager.paused, stats: manager.stats() })
  }
  for (const [call, count] of Object.entries(sending.storeErrors)) {
    exposition.set('apns_worker_store_errors_total', count, { call })
  }
  exposition.set('apns_worker_webhook_lag_seconds', sources?.webhookLag?.())
}

/** A store that fails is no reason to tell nothing of all else: it is when somebody looks. */
async function writeStore(
  exposition: Exposition,
  { outbox, apps }: MetricSources,
  labelsOf: (lane: string) => LaneLabels,
): Promise<void> {
  const stats = await outbox.stats().catch(() => undefined)
  exposition.set('apns_worker_store_up', stats === undefined ? 0 : 1)
  if (stats === undefined) return
  exposition.set('apns_worker_store_bytes', stats.storeBytes)
  exposition.set('apns_worker_leased_batches', stats.leasedBatches)
  const byLane = new Map(stats.apps.map((each) => [each.app, each]))
  const nowMs = Date.now()
  for (const lane of new Set([...apps.managers.keys(), ...byLane.keys()])) {
    const labels = { ...labelsOf(lane) }
    const { pending = 0, oldestAtMs, isPaused = false } = byLane.get(lane) ?? {}
    const ageMs = oldestAtMs === undefined ? 0 : Math.max(0, nowMs - oldestAtMs)
    exposition.set('apns_worker_queue_tokens', pending, labels)
    exposition.set('apns_worker_queue_oldest_age_seconds', ageMs / 1000, labels)
    exposition.set('apns_worker_queue_paused', isPaused || stats.isPaused ? 1 : 0, labels)
  }
}
