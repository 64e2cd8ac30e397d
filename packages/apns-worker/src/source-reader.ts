/** Reads a source one item ahead, without waiting for it. */
export class SourceReader<T> {
  readonly #iterator: Iterator<T> | AsyncIterator<T>
  readonly #changed: () => void
  #item: { readonly value: T } | undefined
  #fetching = false
  #failure: { readonly cause: unknown } | undefined
  #ended = false

  /**
   * @param changed called when there is an item, or the end
   */
  constructor(source: Iterable<T> | AsyncIterable<T>, changed: () => void) {
    this.#iterator =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
    this.#changed = changed
  }

  /** Whether nothing more will come. */
  get ended(): boolean {
    return this.#ended
  }

  get hasItem(): boolean {
    return this.#item !== undefined
  }

  take(): T {
    const item = this.#item
    if (item === undefined) throw new Error('nothing was fetched')
    this.#item = undefined
    return item.value
  }

  /** Asks the source for the next item, unless there is one, or one is on its way. */
  fetch(): void {
    if (this.#fetching || this.#ended || this.#item !== undefined) return
    this.#fetching = true
    // Asynchronous, so that what a plain iterator throws arrives like the rejection of another.
    const next = async (): Promise<IteratorResult<T, unknown>> => this.#iterator.next()
    next().then(
      (result) => this.#fetched(result),
      (cause: unknown) => {
        this.#fetching = false
        if (!this.#ended) this.#end({ cause })
      },
    )
  }

  /** Takes nothing more from the source, for a reason that `throwIfFailed` throws; unless it has ended by itself. */
  fail(cause: unknown): void {
    if (this.#ended) return
    this.#end({ cause })
    // The failure is what matters; that the source could not clean up is no news beside it.
    this.#closeSource().catch(() => {})
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.cause
  }

  /** Lets the source clean up, when it was not read to its end. Idempotent. */
  async close(): Promise<void> {
    if (this.#ended) return
    this.#end(undefined)
    const closed = this.#closeSource()
    // A generator that is waiting for something itself is closed only after that, which may be never.
    if (this.#fetching) closed.catch(() => {})
    else await closed
  }

  #fetched(result: IteratorResult<T, unknown>): void {
    this.#fetching = false
    if (this.#ended) return
    if (result.done === true) {
      this.#end(undefined)
      return
    }
    this.#item = { value: result.value }
    this.#changed()
  }

  #end(failure: { readonly cause: unknown } | undefined): void {
    this.#ended = true
    this.#item = undefined
    this.#failure = failure
    this.#changed()
  }

  async #closeSource(): Promise<void> {
    await this.#iterator.return?.()
  }
}
