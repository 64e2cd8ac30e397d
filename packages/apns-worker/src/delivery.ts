import { ApnsError, type ApnsErrorCode, type Failure } from './error.js'
import type { Message } from './message.js'
import { apnsIdOf, type Notification } from './notification.js'
import type { PushType } from './push-type.js'
import type { SettlementObserver } from './queue.js'

/** What became of one notification. */
export interface Outcome {
  /** Hex-encoded, in lower case; of a broadcast, the channel's id. */
  readonly token: string
  /** Of a broadcast, its `apns-request-id`. */
  readonly apnsId: string
  /** As it was sent: the message's own, or the one that was told from its topic or payload. */
  readonly pushType: PushType
  /** `accepted` by Apple (which is not yet: shown), or why not. */
  readonly status: 'accepted' | Exclude<ApnsErrorCode, 'configuration'>
  /** Set unless accepted. */
  readonly error?: ApnsError
  /** Apple's `apns-unique-id`, for the delivery log of its console; the sandbox gives one. */
  readonly uniqueId?: string
}

/** What became of a message. `total` is `succeeded` and `failed` together, once the delivery is done. */
export interface DeliveryReport {
  readonly total: number
  readonly succeeded: number
  readonly failed: number
}

/** What became known together, of some of a message's notifications. */
export interface OutcomeGroup {
  /** Which of the message's tokens Apple accepted a notification for: their indices in its list, in no particular order. */
  readonly accepted: Uint32Array
  readonly others: readonly { readonly index: number; readonly outcome: Outcome }[]
}

/** What a delivery tells its manager, and asks of it. */
export interface DeliveryOwner {
  deliverySettled(notification: Notification, failure: Failure | undefined): void
  deliveryDone(delivery: Delivery): void
  cancelDelivery(delivery: Delivery): number
}

/**
 * What becomes of a message that was sent: counts at any time, all together at the end (`done`), or one by one
 * (`for await`). Keeping it is not needed for anything to be sent.
 */
export class Delivery implements SettlementObserver, AsyncIterable<Outcome> {
  readonly message: Message
  readonly #owner: DeliveryOwner
  #succeeded = 0
  #failed = 0
  /** @internal Neighbours in the manager's list of deliveries that are not done. */
  previous: Delivery | undefined = undefined
  /** @internal */
  next: Delivery | undefined = undefined
  /**
   * The tokens' indices, in the order in which their fates became known; outcomes are made from it when asked for. A
   * single token needs none.
   */
  #order: Uint32Array | undefined
  #failures: Map<number, Failure> | undefined
  #uniqueIds: Map<number, string> | undefined
  #firstIdent = 0
  #done: Promise<DeliveryReport> | undefined
  #resolveDone: ((report: DeliveryReport) => void) | undefined
  #wakers: (() => void)[] | undefined
  #listener: (() => void) | undefined

  /** @internal */
  constructor(message: Message, owner: DeliveryOwner) {
    this.message = message
    this.#owner = owner
  }

  get total(): number {
    return this.message.length
  }

  /** How many Apple has accepted so far. */
  get succeeded(): number {
    return this.#succeeded
  }

  /** How many are known not to have been accepted. */
  get failed(): number {
    return this.#failed
  }

  /** How many are still on their way. */
  get pending(): number {
    return this.total - this.#succeeded - this.#failed
  }

  /** Resolves when the fate of every notification is known. Never rejects: refusals are counted, and are outcomes. */
  done(): Promise<DeliveryReport> {
    this.#done ??=
      this.pending === 0
        ? Promise.resolve(this.#report())
        : new Promise((resolve) => {
            this.#resolveDone = resolve
          })
    return this.#done
  }

  /**
   * Takes back what was not sent yet. What Apple has already been sent is not affected.
   *
   * @returns how many notifications were taken back; their outcome is `cancelled`
   */
  cancel(): number {
    return this.#owner.cancelDelivery(this)
  }

  /** Each notification's outcome, as it is known; from the first, whenever it is begun, and any number of times. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Outcome, void, undefined> {
    for (let position = 0; position < this.total; position++) {
      while (position >= this.settledCount) await this.#progress()
      yield this.outcomeAt(position)
    }
  }

  /**
   * The same, as many at a time as have become known: for those who write them down. There is no object for a notification
   * that was accepted, which makes this several times as fast for long lists.
   */
  async *groups(): AsyncGenerator<OutcomeGroup, void, undefined> {
    for (let position = 0; position < this.total; ) {
      while (position >= this.settledCount) await this.#progress()
      const group = this.#groupFrom(position)
      position = this.settledCount
      yield group
    }
  }

  /** @internal How many outcomes are known. */
  get settledCount(): number {
    return this.#succeeded + this.#failed
  }

  /** @internal The outcome that became known as the nth. */
  outcomeAt(position: number): Outcome {
    if (!(position < this.settledCount)) throw new RangeError(`outcome ${position} is not known yet`)
    const index = this.#order?.[position] ?? 0
    const token = this.message.tokenList.hex(index)
    const ident = (this.#firstIdent + index) >>> 0
    const apnsId = apnsIdOf(this.message, index, ident)
    const { pushType } = this.message
    const failure = this.#failures?.get(index)
    if (failure !== undefined) {
      const error = failure instanceof ApnsError ? failure : new ApnsError({ ...failure, token, apnsId })
      return { token, apnsId, pushType, status: outcomeOf(failure), error }
    }
    const uniqueId = this.#uniqueIds?.get(index)
    return uniqueId === undefined
      ? { token, apnsId, pushType, status: 'accepted' }
      : { token, apnsId, pushType, status: 'accepted', uniqueId }
  }

  /** Called by the queue, once for each notification. */
  settled(notification: Notification, failure: Failure | undefined, uniqueId: string | undefined): void {
    const { index } = notification
    this.#remember(index, notification.ident ?? 0)
    if (failure === undefined) {
      this.#succeeded++
      if (uniqueId !== undefined) this.#rememberUniqueId(index, uniqueId)
    } else {
      this.#failed++
      this.#rememberFailure(index, failure)
    }
    this.#owner.deliverySettled(notification, failure)
    this.#listener?.()
    if (this.#wakers !== undefined) this.#wake()
    if (this.pending === 0) {
      this.#owner.deliveryDone(this)
      this.#resolveDone?.(this.#report())
    }
  }

  /** @internal Calls back at each settlement from now on; there is one listener at most. */
  onSettled(listener: () => void): void {
    this.#listener = listener
  }

  #groupFrom(position: number): OutcomeGroup {
    const indices = this.#order?.slice(position, this.settledCount) ?? new Uint32Array(1)
    const failures = this.#failures
    if (failures === undefined) return { accepted: indices, others: [] }
    const others: { index: number; outcome: Outcome }[] = []
    const accepted = indices.filter((index, at) => {
      const isAccepted = !failures.has(index)
      if (!isAccepted) others.push({ index, outcome: this.outcomeAt(position + at) })
      return isAccepted
    })
    return { accepted, others }
  }

  #remember(index: number, ident: number): void {
    if (this.settledCount === 0) {
      this.#firstIdent = (ident - index) >>> 0
      if (this.total > 1) this.#order = new Uint32Array(this.total)
    }
    if (this.#order !== undefined) this.#order[this.settledCount] = index
  }

  #rememberFailure(index: number, failure: Failure): void {
    this.#failures ??= new Map()
    this.#failures.set(index, failure)
  }

  #rememberUniqueId(index: number, uniqueId: string): void {
    this.#uniqueIds ??= new Map()
    this.#uniqueIds.set(index, uniqueId)
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakers ??= []
      this.#wakers.push(resolve)
    })
  }

  #wake(): void {
    const wakers = this.#wakers ?? []
    this.#wakers = undefined
    for (const wake of wakers) wake()
  }

  #report(): DeliveryReport {
    return { total: this.total, succeeded: this.#succeeded, failed: this.#failed }
  }
}

/** What a failure means for its notification: refused, where it is the configuration that is wrong. */
export function outcomeOf({ code }: Failure): Exclude<Outcome['status'], 'accepted'> {
  return code === 'configuration' ? 'refused' : code
}
