import type { Delivery, Outcome } from './delivery.js'
import type { Message } from './message.js'

/** An outcome of `stream`, with the message that it belongs to. */
export interface StreamOutcome extends Outcome {
  readonly message: Message
}

/** How many notifications may be on their way, or wait for the reader, before the next message is taken. */
export const DEFAULT_STREAM_WINDOW = 10_000

/**
 * Sends messages as they come, and yields outcomes as they are known. The next message is taken only while fewer than
 * `window` notifications are on their way or have not been read, so memory stays bounded however long the source is
 * and however slow the reader.
 *
 * When the source fails, what was taken from it is still sent and reported before the failure is thrown. When the
 * reader stops early, the source is closed; what was taken from it goes on being sent.
 */
export async function* streamOutcomes(
  source: Iterable<Message> | AsyncIterable<Message>,
  send: (message: Message) => Delivery,
  window: number,
): AsyncGenerator<StreamOutcome, void, undefined> {
  const reader = new SourceReader(source)
  const open = new Map<Delivery, number>()
  let outstanding = 0
  let progressed = false
  let wake: (() => void) | undefined
  const signal = (): void => {
    progressed = true
    wake?.()
  }
  try {
    for (;;) {
      progressed = false
      while (outstanding < window && reader.hasMessage) {
        const message = reader.take()
        if (message.length === 0) continue
        open.set(send(message), 0)
        outstanding += message.length
      }
      if (outstanding < window) reader.fetch(signal)
      for (const [delivery, position] of open) {
        let next = position
        for (; next < delivery.settledCount; next++) {
          outstanding--
          yield { ...delivery.outcomeAt(next), message: delivery.message }
        }
        if (next === delivery.total) open.delete(delivery)
        else {
          open.set(delivery, next)
          delivery.onProgress(signal)
        }
      }
      if (open.size === 0 && reader.ended) break
      if (progressed || (outstanding < window && reader.hasMessage)) continue
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      wake = undefined
    }
    reader.throwIfFailed()
  } finally {
    await reader.close()
  }
}

/** Reads a source one message ahead, without waiting for it. */
class SourceReader {
  readonly #iterator: Iterator<Message> | AsyncIterator<Message>
  #message: Message | undefined
  #fetching = false
  #failure: { readonly cause: unknown } | undefined
  ended = false

  constructor(source: Iterable<Message> | AsyncIterable<Message>) {
    this.#iterator =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  }

  get hasMessage(): boolean {
    return this.#message !== undefined
  }

  take(): Message {
    const message = this.#message
    if (message === undefined) throw new Error('no message was fetched')
    this.#message = undefined
    return message
  }

  fetch(signal: () => void): void {
    if (this.#fetching || this.ended || this.hasMessage) return
    this.#fetching = true
    this.#next().then(
      (result) => {
        this.#fetching = false
        if (result.done === true) this.ended = true
        else this.#message = result.value
        signal()
      },
      (cause: unknown) => {
        this.#fetching = false
        this.#failure = { cause }
        this.ended = true
        signal()
      },
    )
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.cause
  }

  /** Lets the source clean up, when it was not read to its end. */
  async close(): Promise<void> {
    if (this.ended) return
    this.ended = true
    await this.#iterator.return?.()
  }

  async #next(): Promise<IteratorResult<Message, unknown>> {
    return await this.#iterator.next()
  }
}
