/** What ends a part, and what it is called in logs. */
interface Part {
  readonly name: string
  readonly end: () => unknown
}

/** A part could not be ended; the others were all the same. */
export interface FailedEnd {
  readonly name: string
  readonly cause: unknown
}

/**
 * What has been started so far, each with what ends it: ended in reverse order, all of it, whatever fails meanwhile.
 * `AsyncDisposableStack` without its wait for Node 24, and with names.
 */
export class StartedParts {
  #parts: Part[] = []

  /** Notes what was started. */
  add(name: string, end: () => unknown): void {
    this.#parts.push({ name, end })
  }

  /** Starts a part, and notes how it is ended. */
  async start<T>(name: string, start: () => T | Promise<T>, end: (part: T) => unknown): Promise<T> {
    const part = await start()
    this.add(name, () => end(part))
    return part
  }

  /**
   * Ends everything, the last first. Idempotent.
   *
   * @returns what failed
   */
  async end(): Promise<FailedEnd[]> {
    const parts = this.#parts.toReversed()
    this.#parts = []
    const failed: FailedEnd[] = []
    for (const { name, end } of parts) {
      try {
        await end()
      } catch (cause) {
        failed.push({ name, cause })
      }
    }
    return failed
  }
}
