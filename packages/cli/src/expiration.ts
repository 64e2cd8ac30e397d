import { UsageError } from './usage-error.js'

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }
const DURATION = /^\+(?:\d+[smhdw])+$/

/**
 * Reads an expiration: Unix seconds (`1767225600`; 0 for "now or never"), an ISO 8601 date (`2026-01-01T12:00Z`), or a
 * time from now (`+30m`, `+1h30m`, `+7d`).
 *
 * @param nowMs the present time
 * @returns Unix seconds
 * @throws {UsageError} for anything else, and for a time that has passed
 */
export function parseExpiration(text: string, nowMs: number): number {
  const seconds = secondsOf(text.trim(), nowMs)
  if (seconds !== 0 && seconds * 1_000 <= nowMs) {
    throw new UsageError(`--expiration ${text} has passed already; 0 asks for a single attempt`)
  }
  return seconds
}

function secondsOf(text: string, nowMs: number): number {
  if (/^\d+$/.test(text)) return Number(text)
  if (DURATION.test(text)) {
    let duration = 0
    for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) {
      duration += Number(count) * (SECONDS[unit ?? ''] ?? 0)
    }
    return Math.floor(nowMs / 1_000) + duration
  }
  // A date without more is left to no guess of the runtime's: it has to look like ISO 8601.
  const parsedMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(parsedMs)) {
    throw new UsageError(
      `--expiration ${text} is neither Unix seconds, nor a date such as 2026-01-01T12:00Z, nor a time from now such as +1h30m`,
    )
  }
  return Math.floor(parsedMs / 1_000)
}
