import type { MessageStatus } from './outbox.js'

/**
 * A message's recent progress is kept in two spans of at least so long: the present one, and the one before it, so that there is
 * always a whole one.
 */
export const RECENT_SPAN_MS = 10_000

/** What a message's row has of it. */
export interface RecentColumns {
  readonly span_since: number | null
  readonly span_settled: number
  readonly span_before_since: number | null
  readonly span_before_settled: number
}

export const RECENT_COLUMNS: readonly string[] = [
  'span_since',
  'span_settled',
  'span_before_since',
  'span_before_settled',
]

export function recentOf(row: RecentColumns): MessageStatus['recent'] {
  const { span_since: since, span_before_since: before } = row
  if (since === null) return undefined
  if (before === null) return { sinceMs: since, settled: row.span_settled }
  return { sinceMs: before, settled: row.span_before_settled + row.span_settled }
}
