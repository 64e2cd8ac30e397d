import { newMessageId } from './apns-ids.js'
import { checkClaim, checkInteger, checkMessage, checkMoment, checkName, checkScope } from './checks.js'
import type { FeedbackPage, FeedbackQuery, SuppressionPage, SuppressionQuery } from './dead-tokens.js'
import type {
  Appended,
  BatchProgress,
  Claim,
  ClaimedBatch,
  ClaimRequest,
  Lease,
  LeaseState,
  MessageQuery,
  MessageStatus,
  NewMessage,
  News,
  Outbox,
  OutboxStats,
  OutcomePage,
  OutcomeQuery,
  Release,
  Retention,
  Scope,
} from './outbox.js'
import { type PackedTokens, packTokens, type TokenEntry, tokenAt } from './packed-tokens.js'
import { digestOf } from './request-digest.js'
import { allUpTo } from './settled-set.js'
import type { LeasedBatch, StoreCaller } from './store-calls.js'

export const DEFAULT_MAX_PENDING_TOKENS = 100_000_000
/** A call of {@link Outbox.append} is one transaction; longer lists are streamed with `addTokens`. */
const MAX_APPENDED_TOKENS = 1_000_000
/** How many batches of a streamed list share a transaction: about as many as are quick to write. */
const BATCHES_AT_ONCE = 20
const DEFAULT_MESSAGES = 100
const MAX_MESSAGES = 1000
const DEFAULT_OUTCOMES = 1000
const MAX_OUTCOMES = 10_000
const REGISTERED_AT_ONCE = 5000

/** The outbox on any store: checks and packs what it is given, and leaves the rest to the store. */
export class StoreOutbox implements Outbox {
  readonly #store: StoreCaller
  readonly #now: () => number
  readonly #maxPending: number

  constructor(store: StoreCaller, now: () => number, maxPending: number) {
    this.#store = store
    this.#now = now
    this.#maxPending = maxPending
  }

  async append(message: NewMessage, tokens: Iterable<TokenEntry>): Promise<Appended> {
    checkMessage(message)
    const batches: PackedTokens[] = []
    let total = 0
    for (const batch of packTokens(tokens)) {
      batches.push(batch)
      total += batch.count
      checkInteger('the number of tokens of one append', total, 0, MAX_APPENDED_TOKENS)
    }
    return this.#append(message, batches)
  }

  async open(message: NewMessage): Promise<Appended> {
    checkMessage(message)
    return this.#append(message, undefined)
  }

  async addTokens(messageId: string, tokens: Iterable<TokenEntry>, offset?: number): Promise<number> {
    checkMoment('offset', offset)
    let total = offset
    let group: PackedTokens[] = []
    const write = async (): Promise<number> => {
      const batches = group
      group = []
      const maxPending = this.#maxPending
      return this.#store.call('addTokens', { uuid: messageId, batches, offset: total, maxPending })
    }
    let index = offset ?? 0
    for (const batch of packTokens(tokens, index)) {
      group.push(batch)
      index += batch.count
      if (group.length === BATCHES_AT_ONCE) total = await write()
    }
    return write()
  }

  send(messageId: string): Promise<void> {
    return this.#store.call('send', { uuid: messageId, now: this.#now() })
  }

  async claim(request: ClaimRequest): Promise<Claim> {
    checkClaim(request)
    const { owner, leaseMs, maxTokens, maxTokensPerApp, apps } = request
    const call = { owner, leaseMs, maxTokens, maxTokensPerApp, apps, now: this.#now() }
    const { batches, ...rest } = await this.#store.call('claim', call)
    return { ...rest, batches: batches.map(claimedOf) }
  }

  record(progress: readonly BatchProgress[]): Promise<LeaseState[]> {
    // Who says it of a claimed batch as it is does not send its tokens over again.
    const only = progress.map(({ batchId, fence, accepted, others }) => ({
      batchId,
      fence,
      accepted,
      others,
    }))
    return this.#store.call('record', { progress: only, now: this.#now() })
  }

  async renew(leases: readonly Lease[], leaseMs: number): Promise<LeaseState[]> {
    checkInteger('leaseMs', leaseMs, 1)
    const only = leases.map(({ batchId, fence }) => ({ batchId, fence }))
    return this.#store.call('renew', { leases: only, leaseMs, now: this.#now() })
  }

  async release(releases: readonly Release[]): Promise<void> {
    const only = releases.map(({ batchId, fence, notBeforeMs, isInDoubt }) => {
      checkMoment('notBeforeMs', notBeforeMs)
      return { batchId, fence, notBeforeMs, isInDoubt }
    })
    return this.#store.call('release', { releases: only, now: this.#now() })
  }

  takeOver(owner: string): Promise<number> {
    return this.#repeat(() => this.#store.call('takeOver', { owner, now: this.#now() }))
  }

  message(messageId: string): Promise<MessageStatus> {
    return this.#store.call('message', { uuid: messageId })
  }

  async messages(query: MessageQuery = {}): Promise<MessageStatus[]> {
    const { app, isUnfinished = false, before, limit = DEFAULT_MESSAGES } = query
    checkInteger('limit', limit, 1, MAX_MESSAGES)
    return this.#store.call('messages', { app, isUnfinished, before, limit })
  }

  async outcomes(query: OutcomeQuery = {}): Promise<OutcomePage> {
    const { messageId: uuid, after = 0, limit = DEFAULT_OUTCOMES } = query
    checkInteger('limit', limit, 1, MAX_OUTCOMES)
    checkInteger('after', after, 0)
    return this.#store.call('outcomes', { uuid, after, limit })
  }

  async pause(scope: Scope): Promise<void> {
    checkScope(scope)
    return this.#store.call('pause', { scope, isPaused: true })
  }

  async resume(scope: Scope): Promise<void> {
    checkScope(scope)
    return this.#store.call('pause', { scope, isPaused: false })
  }

  async cancel(scope: Scope): Promise<void> {
    await this.#stepThrough('cancel', scope)
    await this.#repeat(() => this.#store.call('settleCancelled', { now: this.#now() }))
  }

  async purge(scope: Scope): Promise<void> {
    await this.#stepThrough('purge', scope)
    await this.#removePurged()
  }

  async cleanUp({ finishedMs, idempotencyMs, feedbackMs }: Retention): Promise<number> {
    checkInteger('finishedMs', finishedMs, 0)
    checkInteger('idempotencyMs', idempotencyMs, 0)
    checkMoment('feedbackMs', feedbackMs)
    const now = this.#now()
    await this.#repeat(() => this.#store.call('expire', { now }))
    await this.#repeat(() => this.#store.call('settleCancelled', { now }))
    const age = { finishedBefore: now - finishedMs, keysBefore: now - idempotencyMs }
    let removed = 0
    await this.#repeat(async () => {
      const { messages, keys } = await this.#store.call('retire', age)
      removed += messages
      return messages + keys
    })
    await this.#removePurged()
    if (feedbackMs !== undefined)
      await this.#repeat(() => this.#store.call('forgetFeedback', { before: now - feedbackMs }))
    return removed
  }

  stats(): Promise<OutboxStats> {
    return this.#store.call('stats')
  }

  async feedback(query: FeedbackQuery = {}): Promise<FeedbackPage> {
    const { after = 0, apps, limit = DEFAULT_OUTCOMES } = query
    checkInteger('limit', limit, 1, MAX_OUTCOMES)
    checkInteger('after', after, 0)
    return this.#store.call('feedback', { after, apps, limit })
  }

  async suppressions(query: SuppressionQuery): Promise<SuppressionPage> {
    const { app, token, after = '0', limit = DEFAULT_OUTCOMES } = query
    checkName('app', app)
    checkInteger('limit', limit, 1, MAX_OUTCOMES)
    checkInteger('after', Number(after), 0)
    const bytes = token === undefined ? undefined : tokensIn([token])[0]
    return this.#store.call('suppressions', { app, token: bytes, after: Number(after), limit })
  }

  async register(app: string, tokens: Iterable<string>, registeredAtMs?: number): Promise<number> {
    checkName('app', app)
    checkMoment('registeredAtMs', registeredAtMs)
    const all = tokensIn(tokens)
    let count = 0
    for (let at = 0; at < all.length; at += REGISTERED_AT_ONCE) {
      const some = all.slice(at, at + REGISTERED_AT_ONCE)
      count += await this.#store.call('register', { app, tokens: some, registeredAtMs })
    }
    return count
  }

  async readCursor(name: string): Promise<number> {
    checkName('name', name)
    return this.#store.call('readCursor', { name })
  }

  async moveCursor(name: string, position: number): Promise<void> {
    checkName('name', name)
    checkInteger('position', position, 0)
    return this.#store.call('moveCursor', { name, position })
  }

  /** The store tells nothing. */
  watch(_listener: (news: News) => void): () => void {
    return () => {}
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #append(message: NewMessage, batches: readonly PackedTokens[] | undefined): Promise<Appended> {
    const digest = message.idempotencyKey === undefined ? undefined : digestOf(message, batches)
    return this.#store.call('append', {
      uuid: newMessageId(),
      message,
      digest,
      batches,
      maxPending: this.#maxPending,
      now: this.#now(),
    })
  }

  async #stepThrough(kind: 'cancel' | 'purge', scope: Scope): Promise<void> {
    checkScope(scope)
    const { after, upTo } = await this.#store.call('range', { scope })
    for (let at: number | undefined = after; at !== undefined; ) {
      at = await this.#store.call('step', { kind, scope, after: at, upTo, now: this.#now() })
    }
  }

  async #removePurged(): Promise<void> {
    while (await this.#store.call('removePurged'));
  }

  /** @returns the sum of what the steps did, of which the last does nothing */
  async #repeat(step: () => Promise<number>): Promise<number> {
    let sum = 0
    for (let done = await step(); done > 0; done = await step()) sum += done
    return sum
  }
}

function claimedOf(batch: LeasedBatch): ClaimedBatch {
  const { pending, tokens } = batch
  return { ...batch, pending: pending === undefined ? allUpTo(tokens.count) : Array.from(pending) }
}

function tokensIn(tokens: Iterable<string>): Uint8Array[] {
  const found: Uint8Array[] = []
  for (const packed of packTokens(tokens)) {
    // A copy: what crosses to another thread is copied with the whole of the buffer that it is in.
    for (let index = 0; index < packed.count; index++) found.push(tokenAt(packed, index).slice())
  }
  return found
}
