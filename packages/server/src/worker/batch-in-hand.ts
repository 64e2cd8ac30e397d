import { type ApnsManager, type Delivery, Message, type Outcome } from 'apns-worker'
import type { BatchProgress, ClaimedBatch, TokenOutcome } from '../outbox/outbox.js'
import { unpackTokens } from '../outbox/packed-tokens.js'
import { decodeContent } from './message-content.js'

/** The last digits of an `apns-id`, which are the token's index in its message. */
const INDEX_AT = -8
const EXPIRED = 'Expired'

/**
 * A leased batch that is being sent: what has become known of its tokens, and was not told to the outbox yet.
 *
 * Once it is taken back, what was not sent is nobody's, and what is in doubt is the outbox's again, unless its message is to
 * be given up.
 */
export class BatchInHand {
  readonly batch: ClaimedBatch
  readonly #delivery: Delivery
  #accepted: number[] = []
  #others: TokenOutcome[] = []
  #withdrawn: 'given back' | 'given up' | undefined
  #isInDoubt = false
  #isDone = false

  /**
   * Sends it.
   *
   * @param onProgress called when something has become known, and when everything has
   * @throws {MessageError} for what cannot be sent, and `SyntaxError` for a content that is none
   * @throws {ManagerClosedError}
   */
  constructor(batch: ClaimedBatch, manager: ApnsManager, onProgress: (batch: BatchInHand) => void) {
    this.batch = batch
    this.#delivery = manager.sendMessage(messageOf(batch))
    void this.#read(onProgress)
  }

  /** How many tokens it was handed out with. */
  get size(): number {
    return this.batch.pending.length
  }

  /** Whether all that will ever be known is known. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Whether it has something for {@link takeProgress}. */
  get hasProgress(): boolean {
    return this.#accepted.length > 0 || this.#others.length > 0
  }

  /** Whether tokens that it gives back may have been sent. */
  get isInDoubt(): boolean {
    return this.#isInDoubt || !this.#isDone
  }

  /** Sends no more of it; what is in flight is still answered. */
  takeBack(why: 'given back' | 'given up'): void {
    if (this.#withdrawn !== undefined) return
    this.#withdrawn = why
    this.#delivery.cancel()
  }

  /** What has become known since it was last asked. */
  takeProgress(): BatchProgress {
    const { batchId, fence } = this.batch
    const progress = { batchId, fence, accepted: this.#accepted, others: this.#others }
    this.#accepted = []
    this.#others = []
    return progress
  }

  /** Takes back what the outbox could not write down, to be told again. */
  returnProgress({ accepted = [], others = [] }: BatchProgress): void {
    this.#accepted = [...accepted, ...this.#accepted]
    this.#others = [...others, ...this.#others]
  }

  async #read(onProgress: (batch: BatchInHand) => void): Promise<void> {
    for await (const outcome of this.#delivery) {
      this.#enter(outcome)
      onProgress(this)
    }
    this.#isDone = true
    onProgress(this)
  }

  #enter(outcome: Outcome): void {
    const index = Number.parseInt(outcome.apnsId.slice(INDEX_AT), 16) - this.batch.firstIndex
    if (outcome.status === 'accepted') {
      this.#accepted.push(index)
      return
    }
    const status = this.#statusOf(outcome.status)
    if (status === undefined) return
    const { reason, timestamp } = outcome.error ?? {}
    // Given up: the library knows of it as of any other cancellation.
    const why = status === 'expired' ? EXPIRED : reason || undefined
    this.#others.push({ index, status, reason: why, timestampMs: timestamp?.getTime() })
  }

  /** @returns undefined for what is not settled by this: the outbox has it still */
  #statusOf(status: Exclude<Outcome['status'], 'accepted'>): TokenOutcome['status'] | undefined {
    const { isInDoubt, message } = this.batch
    switch (status) {
      case 'refused':
        return 'refused'
      case 'expired':
        return isInDoubt ? 'unknown' : 'expired'
      case 'cancelled':
        if (this.#withdrawn === 'given up') return isInDoubt ? 'unknown' : 'expired'
        this.#isInDoubt ||= isInDoubt
        return undefined
      case 'unknown':
        if (this.#withdrawn !== 'given back' || message.ambiguous === 'drop') return 'unknown'
        this.#isInDoubt = true
        return undefined
      default:
        throw new Error(`there is no outcome ${String(status satisfies never)}`)
    }
  }
}

function messageOf({ message, tokens, firstIndex, pending }: ClaimedBatch): Message {
  const { payload, ...options } = decodeContent(message.content)
  const all = unpackTokens(tokens)
  const numbers = Uint32Array.from(pending, (index) => firstIndex + index)
  return new Message(
    pending.map((index) => all[index] ?? ''),
    payload,
    { ...options, ambiguous: message.ambiguous, apnsIds: { base: message.id, numbers } },
  )
}
