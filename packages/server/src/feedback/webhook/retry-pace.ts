/** After the first failure, before chance; doubled by each further one. */
const FIRST_MS = 1000
const MAX_MS = 300_000
/** A receiver that asks for more is asked again after this. */
const MAX_ASKED_MS = 3_600_000
/** Beyond `MAX_MS`, and far from Infinity. */
const MAX_DOUBLINGS = 20

/**
 * How long to wait before the next attempt, in milliseconds. There is always one: it is never given up.
 *
 * @param failures in a row, 1 and more
 * @param askedMs what the receiver asked for (`Retry-After`)
 * @param random from 0 up to 1
 */
export function retryDelayMs(failures: number, askedMs: number | undefined, random: () => number): number {
  const ceilingMs = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures - 1, MAX_DOUBLINGS))
  // Half of it at least, so that a receiver in trouble is left alone; the rest by chance, so that many servers are apart.
  const ownMs = ceilingMs * (0.5 + random() / 2)
  return Math.max(ownMs, Math.min(askedMs ?? 0, MAX_ASKED_MS))
}

/** `Retry-After` (RFC 9110, section 10.2.3), seconds or a date, in milliseconds from now; undefined for anything else. */
export function askedDelayMs(field: string | undefined, nowMs: number): number | undefined {
  if (field === undefined) return undefined
  if (/^\d{1,9}$/.test(field)) return Number(field) * 1000
  const date = field.endsWith('GMT') ? Date.parse(field) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}
