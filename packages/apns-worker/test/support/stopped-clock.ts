import assert from 'node:assert/strict'
import { mock } from 'node:test'

const real = { setTimeout, setInterval, clearTimeout, clearInterval, now: performance.now.bind(performance) }
/** The real clock never says the same twice either, and code that puts moments in order may rely on that. */
const READING_MS = 0.0001

type Callback = (...args: unknown[]) => void

/**
 * Time that stands still until a test moves it on: `performance.now()`, `Date.now()`, timeouts and intervals of
 * everything in the process. So a deadline is over when the test says so, and not because the process was held up;
 * sockets and the event loop go their way meanwhile. A timeout of 0 is no wait and is left alone.
 *
 * Make it before what is to live by it. `within` and `until` count on their own.
 */
export class StoppedClock implements Disposable {
  readonly #timers = new Set<ManualTimer>()
  readonly #restore: (() => void)[] = []
  readonly #startMs = real.now()
  readonly #startDateMs: number
  #passedMs = 0
  #readings = 0

  /**
   * @param startDateMs what `Date.now()` says at first
   */
  constructor(startDateMs: number = Date.now()) {
    this.#startDateMs = startDateMs
    const start = (callback: Callback, delayMs: number, repeats: boolean, args: unknown[]): ManualTimer => {
      const timer = new ManualTimer(
        () => callback(...args),
        delayMs,
        repeats,
        () => this.#passedMs,
      )
      this.#timers.add(timer)
      return timer
    }
    const clear = (timer: unknown, otherwise: (timer: NodeJS.Timeout) => void): void => {
      if (timer instanceof ManualTimer) this.#timers.delete(timer)
      else otherwise(timer as NodeJS.Timeout) // what else a caller may have is a real one, or undefined
    }
    const replacements = [
      mock.method(globalThis, 'setTimeout', (callback: Callback, delayMs = 0, ...args: unknown[]) =>
        delayMs > 0 ? start(callback, delayMs, false, args) : real.setTimeout(callback, 0, ...args),
      ),
      mock.method(globalThis, 'setInterval', (callback: Callback, delayMs = 1, ...args: unknown[]) =>
        start(callback, Math.max(1, delayMs), true, args),
      ),
      mock.method(globalThis, 'clearTimeout', (timer: unknown) => clear(timer, real.clearTimeout)),
      mock.method(globalThis, 'clearInterval', (timer: unknown) => clear(timer, real.clearInterval)),
      mock.method(performance, 'now', () => this.#startMs + this.#passedMs + ++this.#readings * READING_MS),
      mock.method(Date, 'now', () => Math.floor(this.#startDateMs + this.#passedMs)),
    ]
    for (const replacement of replacements) this.#restore.push(() => replacement.mock.restore())
  }

  /** Lets so many milliseconds pass, and all that was put off to the end of this turn of the event loop happen. */
  async pass(milliseconds: number): Promise<void> {
    this.advance(milliseconds)
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Lets so many milliseconds pass at once, with every timer in its turn. */
  advance(milliseconds: number): void {
    const endMs = this.#passedMs + milliseconds
    for (let next = this.#nextBy(endMs); next !== undefined; next = this.#nextBy(endMs)) {
      this.#passedMs = Math.max(this.#passedMs, next.dueAtMs)
      if (next.repeats) next.refresh()
      else this.#timers.delete(next)
      next.run()
    }
    this.#passedMs = endMs
  }

  /** A timer that would keep the process alive is a leak here as elsewhere. */
  [Symbol.dispose](): void {
    for (const restore of this.#restore) restore()
    const left = [...this.#timers].filter(({ isReferenced }) => isReferenced)
    assert.equal(left.length, 0, 'timers left behind by the test')
  }

  #nextBy(endMs: number): ManualTimer | undefined {
    let next: ManualTimer | undefined
    for (const timer of this.#timers) {
      if (timer.dueAtMs <= endMs && timer.dueAtMs < (next?.dueAtMs ?? Number.POSITIVE_INFINITY)) next = timer
    }
    return next
  }
}

/** What the library and the simulator use of Node's `Timeout`. */
class ManualTimer {
  readonly run: () => void
  readonly repeats: boolean
  dueAtMs = 0
  isReferenced = true
  readonly #delayMs: number
  readonly #now: () => number

  constructor(run: () => void, delayMs: number, repeats: boolean, now: () => number) {
    this.run = run
    this.repeats = repeats
    this.#delayMs = delayMs
    this.#now = now
    this.refresh()
  }

  refresh(): this {
    this.dueAtMs = this.#now() + this.#delayMs
    return this
  }

  ref(): this {
    this.isReferenced = true
    return this
  }

  unref(): this {
    this.isReferenced = false
    return this
  }
}
