import { FLOOD_FRAMES_PER_RESPONSE, FLOOD_LIMITS, FLOOD_PERIOD_MS } from './limits.js'

/** Kinds of frames that cost work and bring nothing; see `FLOOD_LIMITS`. */
export type FloodKind = keyof typeof FLOOD_LIMITS

/**
 * Counts frames that bring nothing, in periods of `FLOOD_PERIOD_MS`. What a peer may send of them grows with the responses
 * that it gives.
 */
export class FloodGuard {
  readonly #counts: Record<FloodKind, number> = { settings: 0, ping: 0, empty: 0, reset: 0, idle: 0 }
  #periodStart = 0
  #responses = 0

  /** The peer completed or reset a stream. */
  response(): void {
    this.#responses += 1
  }

  /** Counts one frame; true when it is one too many. `now` in milliseconds, monotonic. */
  isFlood(kind: FloodKind, now: number): boolean {
    if (now - this.#periodStart >= FLOOD_PERIOD_MS) {
      this.#periodStart = now
      this.#responses = 0
      for (const each of Object.keys(this.#counts) as FloodKind[]) this.#counts[each] = 0
    }
    this.#counts[kind] += 1
    return this.#counts[kind] > FLOOD_LIMITS[kind] + this.#responses * FLOOD_FRAMES_PER_RESPONSE
  }
}
