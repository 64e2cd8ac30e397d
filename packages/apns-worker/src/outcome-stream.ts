import type { Delivery, Outcome } from './delivery.js'
import type { Message } from './message.js'
import { SourceReader } from './source-reader.js'

/** An outcome of `stream`, with the message that it belongs to. */
export interface StreamOutcome extends Outcome {
  readonly message: Message
}

/** How many notifications may be on their way, or wait for the reader, before the next message is taken. */
export const DEFAULT_STREAM_WINDOW = 10_000

/** Who sends what a stream takes. */
export interface StreamSender {
  /** Throws for a message that can not be sent. */
  send(message: Message): Delivery
  /**
   * Calls back when nothing can be sent any more; at once, if that is so already.
   *
   * @returns a function that ends it
   */
  onClose(listener: (error: Error) => void): () => void
}

/**
 * Sends messages as they come, and yields outcomes as they are known. The next message is taken only while fewer than
 * `window` notifications are on their way or have not been read, so memory stays bounded however long the source is
 * and however slow the reader.
 *
 * When the source fails, when it gives a message that can not be sent, or when the manager is closed before the source
 * has ended, no more is taken from it, what was taken is still reported, and then the error is thrown. When the reader
 * stops early, the source is closed; what was taken from it goes on being sent. In both cases one message may have been
 * read ahead, which is not sent.
 */
export async function* streamOutcomes(
  source: Iterable<Message> | AsyncIterable<Message>,
  sender: StreamSender,
  window: number,
): AsyncGenerator<StreamOutcome, void, undefined> {
  const bell = new Bell()
  const reader = new SourceReader(source, () => bell.ring())
  /** The deliveries that are not read to their end, and how far they are. */
  const open = new Map<Delivery, number>()
  /** Those with outcomes to be read. */
  let ready = new Set<Delivery>()
  let outstanding = 0
  const hasRoom = (): boolean => outstanding < window

  const send = (message: Message): void => {
    const delivery = sender.send(message)
    if (delivery.total === 0) return
    outstanding += delivery.total
    open.set(delivery, 0)
    const progressed = (): void => {
      ready.add(delivery)
      bell.ring()
    }
    delivery.onSettled(progressed)
    if (delivery.settledCount > 0) progressed()
  }

  const stopListening = sender.onClose((error) => reader.fail(error))
  try {
    for (;;) {
      while (hasRoom() && reader.hasItem) {
        try {
          send(reader.take())
        } catch (cause) {
          reader.fail(cause)
        }
      }
      // What becomes known while the reader has its turn is for the next round: the source has its turn before.
      const settled = ready
      ready = new Set()
      for (const delivery of settled) {
        const known = delivery.settledCount
        for (let position = open.get(delivery) ?? 0; position < known; position++) {
          outstanding--
          yield { ...delivery.outcomeAt(position), message: delivery.message }
        }
        if (known === delivery.total) open.delete(delivery)
        else open.set(delivery, known)
      }
      if (open.size === 0 && reader.ended) break
      if (hasRoom()) reader.fetch()
      if (ready.size === 0 && !(hasRoom() && reader.hasItem)) await bell.wait()
    }
    reader.throwIfFailed()
  } finally {
    stopListening()
    await reader.close()
  }
}

/** Wakes one who waits; or one who is about to wait, if it rang before. */
class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async wait(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#wake = undefined
    this.#rung = false
  }
}
