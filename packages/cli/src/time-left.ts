import type { MessageReport } from './api-reports.js'

const MINUTE = 60
const HOUR = 3600
const DAY = 86_400

/** How long a message takes still, in words; undefined where that cannot be told. The server's clock is not needed for it. */
export function timeLeft({ state, rate = 0, counts }: MessageReport): string | undefined {
  if (state !== 'sending' || rate <= 0) return undefined
  return durationText(counts.pending / rate)
}

/** A duration in its two largest units. */
export function durationText(seconds: number): string {
  const whole = Math.ceil(seconds)
  const parts = (large: number, small: number, names: readonly [string, string]): string => {
    const rest = Math.floor((whole % large) / small)
    return `${Math.floor(whole / large)} ${names[0]}${rest === 0 ? '' : ` ${rest} ${names[1]}`}`
  }
  if (whole < MINUTE) return `${whole} s`
  if (whole < HOUR) return parts(MINUTE, 1, ['min', 's'])
  return whole < DAY ? parts(HOUR, MINUTE, ['h', 'min']) : parts(DAY, HOUR, ['d', 'h'])
}
