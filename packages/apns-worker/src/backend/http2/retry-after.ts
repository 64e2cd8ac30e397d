/** `Retry-After` in milliseconds from now: seconds or an HTTP date (RFC 9110, section 10.2.3); 0 if it is neither. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number {
  if (value === undefined) return 0
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs)
}
