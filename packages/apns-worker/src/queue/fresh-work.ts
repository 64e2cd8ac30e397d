import type { Failure } from '../error.js'
import { Fifo } from '../fifo.js'
import type { Message } from '../message.js'
import type { Notification } from '../notification.js'
import type { SettlementObserver } from '../queue.js'

/**
 * A message's tokens that were never claimed: from `next` up to `end`.
 *
 * A class, since V8 may come to allocate what an object literal makes among the old objects. There a batch that is done
 * with would keep its message and delivery until a major collection: half as much CPU again for each message.
 */
class Batch {
  readonly message: Message
  readonly firstIdent: number
  readonly observer: SettlementObserver | undefined
  next = 0
  end: number

  constructor(message: Message, firstIdent: number, observer: SettlementObserver | undefined) {
    this.message = message
    this.firstIdent = firstIdent
    this.observer = observer
    this.end = message.length
  }
}

/** Messages that are to be sent, kept whole until their tokens are claimed: a million tokens are one entry. */
export class FreshWork implements Iterable<Notification> {
  readonly #batches = new Fifo<Batch>()
  #length = 0
  /** 32 bits; after the last, they begin anew. */
  #nextIdent = 0

  /** How many notifications there are. */
  get length(): number {
    return this.#length
  }

  append(message: Message, observer: SettlementObserver | undefined): void {
    if (message.length === 0) return
    this.#batches.push(new Batch(message, this.#nextIdent, observer))
    this.#length += message.length
    this.#nextIdent = (this.#nextIdent + message.length) >>> 0
  }

  take(): Notification | undefined {
    const batch = this.#batches.peek()
    if (batch === undefined) return undefined
    const notification = notificationOf(batch, batch.next)
    batch.next++
    this.#length--
    if (batch.next === batch.end) this.#batches.shift()
    return notification
  }

  /** The one that would be taken last of all. */
  takeLast(): Notification | undefined {
    const batch = this.#batches.peekLast()
    if (batch === undefined) return undefined
    batch.end--
    this.#length--
    if (batch.next === batch.end) this.#batches.pop()
    return notificationOf(batch, batch.end)
  }

  /**
   * Takes out what the caller does not want any more.
   *
   * @param decide why the rest of a message is to go; undefined to keep it
   * @returns the notifications that went, made one by one as they are asked for, each with the reason
   */
  takeWhere(
    decide: (message: Message, observer: SettlementObserver | undefined) => Failure | undefined,
  ): Iterable<{ readonly notification: Notification; readonly failure: Failure }> {
    const taken: { readonly batch: Batch; readonly failure: Failure }[] = []
    for (let left = this.#batches.length; left > 0; left--) {
      const batch = this.#batches.shift()
      if (batch === undefined) break
      const failure = decide(batch.message, batch.observer)
      if (failure === undefined) {
        this.#batches.push(batch)
      } else {
        this.#length -= batch.end - batch.next
        taken.push({ batch, failure })
      }
    }
    return eachOf(taken)
  }

  *[Symbol.iterator](): Generator<Notification, void, undefined> {
    for (const batch of this.#batches) yield* restOf(batch)
  }
}

function* eachOf(
  taken: readonly { readonly batch: Batch; readonly failure: Failure }[],
): Generator<{ readonly notification: Notification; readonly failure: Failure }, void, undefined> {
  for (const { batch, failure } of taken) {
    for (const notification of restOf(batch)) yield { notification, failure }
  }
}

function* restOf(batch: Batch): Generator<Notification, void, undefined> {
  for (let index = batch.next; index < batch.end; index++) yield notificationOf(batch, index)
}

function notificationOf(batch: Batch, index: number): Notification {
  const notification = batch.message.notification(index, (batch.firstIdent + index) >>> 0)
  notification.observer = batch.observer
  notification.state = 'unclaimed'
  return notification
}
