import type { Random } from './random.js'

/** A time in seconds: always the same, or drawn each time from a distribution. */
export type Latency =
  | number
  | { readonly constant: number }
  /** Anything from the first to the second alike. */
  | { readonly uniform: readonly number[] }
  /** Bell-shaped; what would be below 0 is 0. `deviation` is the standard deviation. */
  | { readonly normal: { readonly mean: number; readonly deviation: number } }
  /**
   * Most near the median and a long tail, as networks have it: half below `median`, and 16 % above `median` times e to the
   * power of `sigma` (with 0.5 that is 1.6 times the median, with 1 it is 2.7 times).
   */
  | { readonly logNormal: { readonly median: number; readonly sigma: number } }

/** What draws from a distribution, in milliseconds. */
export function latencySampler(latency: Latency, random: Random): () => number {
  if (typeof latency === 'number') return () => latency * 1000
  if ('constant' in latency) return () => latency.constant * 1000
  if ('uniform' in latency) {
    const [least = 0, most = least] = latency.uniform
    return () => random.between(least, most) * 1000
  }
  if ('normal' in latency) {
    const { mean, deviation } = latency.normal
    return () => Math.max(0, mean + deviation * random.normal()) * 1000
  }
  const { median, sigma } = latency.logNormal
  return () => median * Math.exp(sigma * random.normal()) * 1000
}
