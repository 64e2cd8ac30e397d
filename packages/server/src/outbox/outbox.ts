import type { DeadTokens } from './dead-tokens.js'
import type { PackedTokens, TokenEntry } from './packed-tokens.js'

/**
 * Where messages wait until Apple has answered for each of their tokens.
 *
 * - **Durable.** When a promise of any call that writes resolves, what it did is on disk, power loss included (unless the
 *   implementation was told otherwise). When it rejects, nothing of it was stored; with
 *   `STORE_IN_DOUBT`, that is not known.
 * - **At least once.** A token stays until an outcome is recorded for it, or the message is cancelled, purged or given up.
 *   A batch whose worker died is handed out again when its lease is over, or at once after {@link takeOver}; each token
 *   then has the apns-id that it had. Messages with `ambiguous: 'drop'` are at most once instead: what was handed out and
 *   not answered for is then `unknown`.
 * - **No batch is two workers' at once**, whatever the number of processes on one store.
 * - **In order.** What one process records of its batches and gives back takes effect in the order of its calls.
 * - **Bounded.** No call holds the store for long: those that concern many messages go in steps, so that others get their
 *   turn, and so that a crash may leave such a call half done; to repeat it does no harm.
 *
 *
 *     append ──────────────▶ ready ◀──────── resume ───────── held (open, or paused)
 *     send ────▶ waiting ──▶ ready ──▶ leased ── record ──▶ settled
 *              (deliver-after)  ▲        │
 *                               └────────┘ release, lease over (its tokens are in doubt)
 *
 * All moments are Unix time in milliseconds, by the clock that the implementation was given. Errors are `OutboxError`s.
 */
export interface Outbox extends DeadTokens {
  /**
   * Stores a message with all of its tokens, to be sent.
   *
   * @throws `BAD_ARGUMENT`, `OUTBOX_FULL`, `IDEMPOTENCY_CONFLICT`
   */
  append(message: NewMessage, tokens: Iterable<TokenEntry>): Promise<Appended>

  /** Stores a message that is not sent yet: its tokens follow with {@link addTokens}, until {@link send}. */
  open(message: NewMessage): Promise<Appended>

  /**
   * Adds tokens to an open message, batch by batch, in bounded memory. When it fails midway, the batches before are there.
   *
   * @param offset how many tokens the message has, as far as the caller knows; a repeated call does no harm with it
   * @throws `NOT_FOUND`, `NOT_OPEN`, `WRONG_OFFSET` (with the right one), `BAD_ARGUMENT`, `OUTBOX_FULL`
   * @returns how many tokens the message has now
   */
  addTokens(messageId: string, tokens: Iterable<TokenEntry>, offset?: number): Promise<number>

  /**
   * Sends an open message. Does nothing to one that was sent already.
   *
   * @throws `NOT_FOUND`, `NOT_OPEN` when it was cancelled
   */
  send(messageId: string): Promise<void>

  /**
   * Leases batches to a worker. Apps share fairly: the next batch is of the app that was handed the fewest tokens, not
   * counting times when it had none; within an app, of the message with the highest priority, then the oldest.
   */
  claim(request: ClaimRequest): Promise<Claim>

  /**
   * Writes down what became of tokens. Each is settled once: an outcome for a token that has one is ignored, as is an index
   * that is none of the batch's. It counts after the lease's end too, as long as nobody claimed the batch meanwhile.
   *
   * @returns for each, in order, where its lease stands; nothing is written for one that is `lost`
   */
  record(progress: readonly BatchProgress[]): Promise<LeaseState[]>

  /** Lengthens leases, from now. */
  renew(leases: readonly Lease[], leaseMs: number): Promise<LeaseState[]>

  /** Gives batches back before their leases are over. Their tokens without an outcome are handed out again. */
  release(releases: readonly Release[]): Promise<void>

  /**
   * Ends all leases of an owner: what a worker calls when it starts, in the name of its former self, which was killed.
   *
   * @returns how many batches these were
   */
  takeOver(owner: string): Promise<number>

  /** @throws `NOT_FOUND` */
  message(messageId: string): Promise<MessageStatus>

  /** The newest first. */
  messages(query?: MessageQuery): Promise<MessageStatus[]>

  /** In the order in which they were recorded. */
  outcomes(query?: OutcomeQuery): Promise<OutcomePage>

  /** Hands nothing of it out until {@link resume}. Leased batches hear `stop`. @throws `NOT_FOUND` for a message */
  pause(scope: Scope): Promise<void>

  /** Ends a pause of the same scope. @throws `NOT_FOUND` for a message */
  resume(scope: Scope): Promise<void>

  /**
   * Settles everything that is not leased as `cancelled`, or `unknown` where it is in doubt. Leased batches hear `stop`;
   * what they give back is cancelled then. @throws `NOT_FOUND` for a message
   */
  cancel(scope: Scope): Promise<void>

  /**
   * Removes messages with their outcomes, whatever their state, as if they had never been; but what is repeated with the
   * idempotency key of one is still not sent. Its batches are `lost`. @throws `NOT_FOUND` for a message
   */
  purge(scope: Scope): Promise<void>

  /**
   * Removes messages that were finished `finishedMs` ago or earlier with their outcomes, and idempotency keys of
   * `idempotencyMs` ago, and entries of the log of dead tokens of `feedbackMs` ago; settles what is past its
   * `giveUpAfterMs`; finishes what a crash left of cancel and purge.
   *
   * @returns how many messages were removed
   */
  cleanUp(age: Retention): Promise<number>

  stats(): Promise<OutboxStats>

  /**
   * Calls back when there may be something new, whichever process made it, so that nobody has to look often. It may call for
   * nothing, and may miss something: whoever depends on it looks from time to time as well. Where there is no such means it
   * never calls.
   *
   * @returns what ends it
   */
  watch(listener: (news: News) => void): () => void

  /** Waits for the calls that were made; later ones fail with `CLOSED`. Idempotent. */
  close(): Promise<void>
}

/** What there may be: something to claim; a pause, a resume or a cancellation; an entry in the log of dead tokens. */
export type News = 'work' | 'control' | 'dead tokens'

/** What a call is about: one message, all of an app that are there at the time, or all. A pause of an app covers later ones too. */
export type Scope = { readonly messageId: string } | { readonly app: string } | 'everything'

export interface NewMessage {
  /** The app's name; 1 to 255 characters. */
  readonly app: string
  /** What to send, in whatever form the workers understand; up to 64 KiB in UTF-8. The outbox does not look inside. */
  readonly content: string
  /** Among the messages of an app: higher ones are handed out first. An integer from -1000 to 1000; default 0. */
  readonly priority?: number | undefined
  /** Not handed out before; default: at once. */
  readonly deliverAfterMs?: number | undefined
  /** Not handed out any more from then on; default: never. */
  readonly giveUpAfterMs?: number | undefined
  /** What becomes of tokens that were handed out and not answered for: `resend` (default) or `drop`. */
  readonly ambiguous?: 'resend' | 'drop' | undefined
  /** Which outcomes are kept one by one, beside being counted: `refused` and `unknown` ones (default), or all. */
  readonly keep?: 'failures' | 'all' | undefined
  /** Whether tokens that Apple has declared dead are left out (`apply`, default); see {@link DeadTokens}. */
  readonly suppression?: 'apply' | 'ignore' | undefined
  /** When all of its tokens that say nothing else were last registered by their apps; default: that is not known. */
  readonly registeredAtMs?: number | undefined
  /** The same key with the same request stores nothing new; 1 to 255 characters, of its app alone. */
  readonly idempotencyKey?: string | undefined
}

export interface Appended {
  /** A UUID; each token's apns-id is made from it. */
  readonly messageId: string
  readonly total: number
  /** The idempotency key had been used for this very request, and this is the message of then. */
  readonly isRepeated: boolean
}

export interface ClaimRequest {
  /** Who claims; the same name after a restart, and no two workers' at a time. 1 to 255 characters. */
  readonly owner: string
  /** From now. The crash of a worker goes unnoticed for so long; half of it is a good time to renew. */
  readonly leaseMs: number
  /** About how many: the batch with which they are reached is the last. At least 1. */
  readonly maxTokens: number
  /**
   * About how many the owner may have in hand of one app, those of earlier claims included. An app that is slow to send
   * then leaves room for the others. At least 1; default: no limit of its own.
   */
  readonly maxTokensPerApp?: number | undefined
  /** Only of these apps; default: of all. */
  readonly apps?: readonly string[] | undefined
}

export interface Claim {
  readonly batches: readonly ClaimedBatch[]
  /**
   * When none was to be had: when one may be, by the passing of time alone; undefined when there will be none. Meanwhile
   * another process may append. Now, when the claim did nothing but settle suppressed tokens, and has not come to the end.
   */
  readonly nextAtMs: number | undefined
  /** How many tokens were settled as `suppressed` on this occasion, by app; left out where none were. */
  readonly suppressed?: Readonly<Record<string, number>> | undefined
}

/** Says whose a batch is. The fence is higher at each claim: a worker that was presumed dead writes nothing. */
export interface Lease {
  readonly batchId: number
  readonly fence: number
}

export interface ClaimedBatch extends Lease {
  readonly leaseUntilMs: number
  readonly message: ClaimedMessage
  /** The index of its first token in the message. */
  readonly firstIndex: number
  readonly tokens: PackedTokens
  /** Indices in the batch of the tokens that have no outcome yet, ascending: these are to be sent. Not to be changed. */
  readonly pending: readonly number[]
  /** Whether they may have been sent before: a worker had them, and did not answer for them. */
  readonly isInDoubt: boolean
}

/** One object for all batches of a message in a claim. */
export interface ClaimedMessage {
  readonly id: string
  readonly app: string
  readonly content: string
  readonly giveUpAfterMs: number | undefined
  readonly ambiguous: 'resend' | 'drop'
  readonly createdAtMs: number
}

/** What became of tokens of a leased batch, since it was last told. */
export interface BatchProgress extends Lease {
  /** Indices in the batch of tokens that Apple accepted. */
  readonly accepted?: readonly number[] | Uint32Array | undefined
  readonly others?: readonly TokenOutcome[] | undefined
}

export interface TokenOutcome {
  /** In the batch. */
  readonly index: number
  readonly status: Exclude<OutcomeStatus, 'accepted'>
  /** Apple's word, or the worker's. */
  readonly reason?: string | undefined
  /** Since when Apple knows that the token is dead. */
  readonly timestampMs?: number | undefined
  /** Apple says that the token is dead; see {@link DeadTokens}. */
  readonly isDead?: boolean | undefined
}

export const OUTCOME_STATUSES = [
  'accepted',
  'refused',
  'expired',
  'unknown',
  'suppressed',
  'cancelled',
] as const
export type OutcomeStatus = (typeof OUTCOME_STATUSES)[number]

/**
 * - `held`: the batch is the worker's, and has tokens without an outcome;
 * - `stop`: the same, but nothing more of it is to be sent, since it was paused or cancelled: record what is still
 *   answered, then release it;
 * - `settled`: it had tokens without an outcome before this call, and has none now;
 * - `lost`: somebody else's, settled earlier, or purged.
 */
export type LeaseState = 'held' | 'stop' | 'settled' | 'lost'

export interface Release extends Lease {
  /** Not handed out again before; default: at once. */
  readonly notBeforeMs?: number | undefined
  /** Whether tokens without an outcome may have been sent. Default: no. With `ambiguous: 'drop'` they are `unknown` then. */
  readonly isInDoubt?: boolean | undefined
}

/** `sending` from the first claim on; `cancelled` as soon as it is said, though leased batches may follow. */
export type MessageState = 'open' | 'queued' | 'sending' | 'paused' | 'done' | 'cancelled'

export interface MessageStatus {
  readonly id: string
  readonly app: string
  readonly state: MessageState
  readonly priority: number
  readonly createdAtMs: number
  /** When it was first claimed. */
  readonly startedAtMs: number | undefined
  /** When its last token was settled. */
  readonly finishedAtMs: number | undefined
  readonly total: number
  readonly pending: number
  readonly counts: Readonly<Record<OutcomeStatus, number>>
  /** How often each reason was given. */
  readonly reasons: Readonly<Record<string, number>>
  /**
   * How many tokens were settled since a moment that is 10 to 20 seconds before the last of them, or the beginning where
   * that is later: tells the present rate, which after a pause is not that of the whole. Undefined before the first.
   */
  readonly recent?: { readonly sinceMs: number; readonly settled: number } | undefined
}

export interface MessageQuery {
  readonly app?: string | undefined
  /** Only those that have tokens without an outcome, or are open. */
  readonly isUnfinished?: boolean | undefined
  /** The id of the last one of the page before. */
  readonly before?: string | undefined
  /** 1 to 1000; default 100. */
  readonly limit?: number | undefined
}

export interface OutcomeQuery {
  /** Default: of all messages. */
  readonly messageId?: string | undefined
  /** `next` of the page before; default: from the first. */
  readonly after?: number | undefined
  /** 1 to 10,000; default 1000. */
  readonly limit?: number | undefined
}

export interface OutcomePage {
  readonly outcomes: readonly StoredOutcome[]
  /** Where the next page begins, now or later: no outcome is ever put before it. */
  readonly next: number
}

export interface StoredOutcome {
  readonly messageId: string
  /** Hex-encoded, in lower case. */
  readonly token: string
  readonly apnsId: string
  readonly status: OutcomeStatus
  readonly reason: string | undefined
  readonly timestampMs: number | undefined
  readonly recordedAtMs: number
}

export interface Retention {
  readonly finishedMs: number
  readonly idempotencyMs: number
  /** How long the log of dead tokens is kept; default: for ever. */
  readonly feedbackMs?: number | undefined
}

export interface OutboxStats {
  /** Tokens without an outcome, those of open messages included. */
  readonly pending: number
  readonly leasedBatches: number
  readonly isPaused: boolean
  readonly apps: readonly AppStats[]
  /** Of the store, its journal aside. */
  readonly storeBytes: number
}

export interface AppStats {
  readonly app: string
  readonly isPaused: boolean
  readonly pending: number
  /**
   * Since when the oldest of its unfinished messages may be sent: when it was appended, or its deliver-after time, which may be
   * yet to come. Open ones do not count. Undefined where there is none.
   */
  readonly oldestAtMs: number | undefined
}
