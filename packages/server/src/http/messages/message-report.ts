import { appOfLane, parseLane } from '../../apps/app-registry.js'
import type { MessageStatus } from '../../outbox/outbox.js'
import type { MessageReport } from '../schemas/messages.js'
import { isoTime } from './moment.js'

/** Of less than this, no rate can be told. */
const MIN_ELAPSED_MS = 100
/** The last moment that a Date can be. */
const MAX_DATE_MS = 8.64e15

/** A message as the API tells of it. */
export function reportOf(status: MessageStatus, nowMs: number): MessageReport {
  const { id, app: lane, state, priority, counts, total, pending, reasons } = status
  const { environment, service } = parseLane(lane) ?? {}
  return {
    id,
    app: appOfLane(lane),
    ...(environment === undefined ? {} : { environment }),
    ...(service === 'broadcast' ? { isBroadcast: true as const } : {}),
    state,
    queuePriority: priority,
    createdAt: isoTime(status.createdAtMs),
    ...(status.startedAtMs === undefined ? {} : { startedAt: isoTime(status.startedAtMs) }),
    ...(status.finishedAtMs === undefined ? {} : { finishedAt: isoTime(status.finishedAtMs) }),
    counts: { total, ...counts, pending },
    reasons,
    ...progressOf(status, nowMs),
  }
}

/** How fast it goes: at present, while it goes, and on the whole once it is over; and when that will have been enough. */
function progressOf(
  { state, startedAtMs, finishedAtMs, total, pending, recent }: MessageStatus,
  nowMs: number,
): Pick<MessageReport, 'rate' | 'estimatedEnd'> {
  if (startedAtMs === undefined) return {}
  const isUnderWay = state === 'sending' && recent !== undefined
  const sinceMs = isUnderWay ? recent.sinceMs : startedAtMs
  const settled = isUnderWay ? recent.settled : total - pending
  const elapsedMs = (finishedAtMs ?? nowMs) - sinceMs
  if (elapsedMs < MIN_ELAPSED_MS) return {}
  const perMs = settled / elapsedMs
  const rate = Math.round(perMs * 1_000_000) / 1000
  const endMs = nowMs + pending / perMs
  if (state !== 'sending' || !(endMs < MAX_DATE_MS)) return { rate }
  return { rate, estimatedEnd: isoTime(Math.ceil(endMs)) }
}
