import type { MessageStatus } from '../../outbox.js'

/** Two spans of at least so long are kept: the present one, and the one before it, so that there is always a whole one. */
const SPAN_MS = 10_000

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

const IS_OVER = `:now - span_since >= ${SPAN_MS}`
/** After a rest, what was before it says nothing of now. */
const IS_STALE = `:now - span_since >= ${2 * SPAN_MS}`

const SET = `
  span_before_since = CASE WHEN ${IS_STALE} THEN NULL WHEN ${IS_OVER} THEN span_since ELSE span_before_since END,
  span_before_settled = CASE WHEN ${IS_STALE} THEN 0 WHEN ${IS_OVER} THEN span_settled ELSE span_before_settled END,
  span_settled = CASE WHEN ${IS_OVER} THEN :tokens ELSE span_settled + :tokens END,
  span_since = CASE WHEN ${IS_OVER} THEN :now ELSE coalesce(span_since, started_at, :now) END`
const PARAMETER = /:(?:now|tokens)/g
const NAMES: readonly string[] = SET.match(PARAMETER) ?? []

/**
 * The part of an `UPDATE` that enters tokens which were settled; {@link recentParameters} are for its `?`. (Drivers differ in
 * how they take parameters with a number or name; and `UPDATE FROM`, where each would be needed once, takes longer.)
 */
export const ENTER_RECENT: string = SET.replace(PARAMETER, '?')

export function recentParameters(now: number, tokens: number): number[] {
  return NAMES.map((name) => (name === ':now' ? now : tokens))
}

export function recentOf(row: RecentColumns): MessageStatus['recent'] {
  const { span_since: since, span_before_since: before } = row
  if (since === null) return undefined
  if (before === null) return { sinceMs: since, settled: row.span_settled }
  return { sinceMs: before, settled: row.span_before_settled + row.span_settled }
}
