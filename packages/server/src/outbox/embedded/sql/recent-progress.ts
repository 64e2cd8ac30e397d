import { RECENT_SPAN_MS } from '../../recent-span.js'

const IS_OVER = `:now - span_since >= ${RECENT_SPAN_MS}`
/** After a rest, what was before it says nothing of now. */
const IS_STALE = `:now - span_since >= ${2 * RECENT_SPAN_MS}`

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
