import type { Outbox, Retention } from '../outbox/outbox.js'

/** How often at most, and at least: a message is removed a tenth of its time late. */
const SHORTEST_MS = 1000
const LONGEST_MS = 10 * 60_000
const SHARE = 10

/** Removes what is finished and old, now and then, for as long as the server runs. */
export class CleanUpTimer implements AsyncDisposable {
  readonly #outbox: Pick<Outbox, 'cleanUp'>
  readonly #retention: () => Retention
  readonly #onError: (error: unknown) => void
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #isStopped = false

  /** @param retention asked each time, so that a reload counts */
  constructor(
    outbox: Pick<Outbox, 'cleanUp'>,
    retention: () => Retention,
    onError: (error: unknown) => void,
  ) {
    this.#outbox = outbox
    this.#retention = retention
    this.#onError = onError
    this.#schedule()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(): void {
    const { finishedMs, idempotencyMs } = this.#retention()
    const share = Math.min(finishedMs, idempotencyMs) / SHARE
    this.#timer = setTimeout(
      () => {
        this.#running = this.#cleanUp()
      },
      Math.min(LONGEST_MS, Math.max(SHORTEST_MS, share)),
    )
    this.#timer.unref()
  }

  async #cleanUp(): Promise<void> {
    try {
      await this.#outbox.cleanUp(this.#retention())
    } catch (error) {
      this.#onError(error)
    }
    if (!this.#isStopped) this.#schedule()
  }
}
