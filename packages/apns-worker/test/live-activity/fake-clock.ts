import type { SessionClock } from 'apns-worker'

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

/** A clock that stands still until it is told to go on. */
export class FakeClock implements SessionClock {
  #nowMs: number
  readonly #timers = new Set<Timer>()

  constructor(unixSeconds = 1_700_000_000) {
    this.#nowMs = unixSeconds * 1000
  }

  now(): number {
    return this.#nowMs
  }

  /** How many timers run. */
  get timers(): number {
    return this.#timers.size
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer) // it has given no other
  }

  /** Runs the timers that become due, in order. */
  advance(seconds: number): void {
    const untilMs = this.#nowMs + seconds * 1000
    for (let next = this.#nextUntil(untilMs); next !== undefined; next = this.#nextUntil(untilMs)) {
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.callback()
    }
    this.#nowMs = untilMs
  }

  /** Somebody sets it; timers do not notice. */
  set(unixSeconds: number): void {
    this.#nowMs = unixSeconds * 1000
  }

  #nextUntil(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs)
    return due.toSorted((one, other) => one.atMs - other.atMs)[0]
  }
}
