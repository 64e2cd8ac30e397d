export interface WhileLeaderOptions {
  readonly start: () => void
  /** Resolves when it has ended. */
  readonly stop: () => Promise<void>
  /** Called with what `start` throws and `stop` rejects with. */
  readonly onError: (error: unknown) => void
}

/**
 * Has something run for as long as this process leads those that share its outbox, since all of them would do the same. It is
 * started again only when it has ended: two of it at a time would do everything twice.
 */
export class WhileLeader implements AsyncDisposable {
  readonly #options: WhileLeaderOptions
  #leads = false
  #isRunning = false
  #isEnded = false
  #changing: Promise<void> | undefined

  constructor(options: WhileLeaderOptions) {
    this.#options = options
  }

  /** Says who leads, at any time and as often as it is known. */
  lead(isLeader: boolean): void {
    this.#leads = isLeader && !this.#isEnded
    this.#changing ??= this.#change().finally(() => {
      this.#changing = undefined
    })
  }

  /** Stops it for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true
    this.lead(false)
    await this.#changing
  }

  async #change(): Promise<void> {
    const { start, stop, onError } = this.#options
    while (this.#leads !== this.#isRunning) {
      try {
        if (this.#isRunning) {
          await stop()
          this.#isRunning = false
        } else {
          start()
          this.#isRunning = true
        }
      } catch (error) {
        // It is as it was told to be, as far as can be.
        this.#isRunning = this.#leads
        onError(error)
      }
    }
  }
}
