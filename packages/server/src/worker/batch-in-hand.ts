import {
  type ApnsManager,
  BroadcastMessage,
  type BroadcastOptions,
  type Delivery,
  Message,
  type Outcome,
  packedTokens,
} from 'apns-worker'
import type { BatchProgress, ClaimedBatch, TokenOutcome } from '../outbox/outbox.js'
import { unpackTokens } from '../outbox/packed-tokens.js'
import { decodeContent } from './message-content.js'

const EXPIRED = 'Expired'
/** What Apple says of tokens that are dead for good, and of no others. */
const DEAD: ReadonlySet<string> = new Set(['Unregistered', 'ExpiredToken'])

/** @param answered how many tokens Apple has answered for since the last call */
export type OnProgress = (batch: BatchInHand, answered: number) => void

/**
 * A leased batch that is being sent: what has become known of its tokens, and was not told to the outbox yet.
 *
 * Once it is taken back, what was not sent is nobody's, and what is in doubt is the outbox's again, unless its message is to
 * be given up.
 */
export class BatchInHand {
  readonly batch: ClaimedBatch
  readonly #delivery: Delivery
  #accepted: Uint32Array[] = []
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
  constructor(batch: ClaimedBatch, manager: ApnsManager, onProgress: OnProgress) {
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
    const progress = { batchId, fence, accepted: joined(this.#accepted), others: this.#others }
    this.#accepted = []
    this.#others = []
    return progress
  }

  /** Takes back what the outbox could not write down, to be told again. */
  returnProgress({ accepted = [], others = [] }: BatchProgress): void {
    if (accepted.length > 0) this.#accepted.push(Uint32Array.from(accepted))
    this.#others = [...others, ...this.#others]
  }

  async #read(onProgress: OnProgress): Promise<void> {
    const { pending } = this.batch
    for await (const { accepted, others } of this.#delivery.groups()) {
      if (accepted.length > 0) this.#accepted.push(accepted.map((index) => pending[index] ?? 0))
      let answered = accepted.length
      for (const { index, outcome } of others) {
        if (outcome.status === 'refused') answered++
        this.#enter(pending[index] ?? 0, outcome)
      }
      onProgress(this, answered)
    }
    this.#isDone = true
    onProgress(this, 0)
  }

  #enter(index: number, outcome: Outcome): void {
    if (outcome.status === 'accepted') return
    const status = this.#statusOf(outcome.status)
    if (status === undefined) return
    const { reason, timestamp } = outcome.error ?? {}
    // Given up: the library knows of it as of any other cancellation.
    const why = status === 'expired' ? EXPIRED : reason || undefined
    const isDead = status === 'refused' && DEAD.has(reason ?? '')
    this.#others.push({ index, status, reason: why, timestampMs: timestamp?.getTime(), isDead })
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

function messageOf(batch: ClaimedBatch): Message {
  const { message, firstIndex, pending } = batch
  const { payload, channel, traceparent: _, ...options } = decodeContent(message.content)
  const numbers = new Uint32Array(pending.length)
  for (const [position, index] of pending.entries()) numbers[position] = firstIndex + index
  const apnsIds = { base: message.id, numbers }
  const { ambiguous } = message
  if (channel === undefined)
    return new Message(pendingTokens(batch), payload, { ...options, ambiguous, apnsIds })
  // What is no priority is refused by it, with its reason.
  const priority = options.priority as BroadcastOptions['priority']
  const { expiration, topic } = options
  return new BroadcastMessage(channel, payload, { expiration, topic, priority, ambiguous, apnsIds })
}

/** As bytes, where they are of one length: to make text of them and read it again costs as much as to send them. */
function pendingTokens({ tokens, pending }: ClaimedBatch): Iterable<string> {
  const { bytes, count, tokenBytes } = tokens
  if (tokenBytes === 0) {
    const all = unpackTokens(tokens)
    return pending.map((index) => all[index] ?? '')
  }
  if (pending.length === count) return packedTokens(bytes, tokenBytes)
  const some = new Uint8Array(pending.length * tokenBytes)
  for (const [position, index] of pending.entries()) {
    some.set(bytes.subarray(index * tokenBytes, (index + 1) * tokenBytes), position * tokenBytes)
  }
  return packedTokens(some, tokenBytes)
}

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  const whole = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let end = 0
  for (const part of parts) {
    whole.set(part, end)
    end += part.length
  }
  return whole
}
