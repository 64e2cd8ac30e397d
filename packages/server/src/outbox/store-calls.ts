import type { FeedbackPage, SuppressionPage } from './dead-tokens.js'
import type {
  Appended,
  BatchProgress,
  Claim,
  ClaimedBatch,
  Lease,
  LeaseState,
  MessageStatus,
  NewMessage,
  OutboxStats,
  OutcomePage,
  Release,
  Scope,
} from './outbox.js'
import type { PackedTokens } from './packed-tokens.js'

/**
 * What a store does for an outbox: each call is one transaction, or a part of one, and takes and gives plain objects only. What
 * may take long is a step, to be repeated until it says that there is no more.
 */
export interface StoreCalls {
  append(call: AppendCall): Appended
  /** @returns how many tokens the message has then */
  addTokens(call: AddTokensCall): number
  send(call: { readonly uuid: string; readonly now: number }): void
  claim(call: ClaimCall): Leased
  record(call: { readonly progress: readonly BatchProgress[]; readonly now: number }): LeaseState[]
  renew(call: {
    readonly leases: readonly Lease[]
    readonly leaseMs: number
    readonly now: number
  }): LeaseState[]
  release(call: { readonly releases: readonly Release[]; readonly now: number }): void
  /** @returns how many leases it ended; there may be more of them */
  takeOver(call: { readonly owner: string; readonly now: number }): number
  /** Sets or ends the pause of a scope. */
  pause(call: { readonly scope: Scope; readonly isPaused: boolean }): void
  /** @returns the range of internal ids that the scope means now, for {@link step} */
  range(call: { readonly scope: Scope }): { readonly after: number; readonly upTo: number }
  /** @returns up to where it has come; undefined when it is through */
  step(call: ScopeStep): number | undefined
  /** Settles some of the batches of cancelled messages. @returns how many; 0 when there are no more */
  settleCancelled(call: { readonly now: number }): number
  /** @returns how many batches were given up; there may be more of them */
  expire(call: { readonly now: number }): number
  /** Marks some of what is old as purged. @returns how many messages and keys; 0 when there are no more */
  retire(call: RetireCall): { readonly messages: number; readonly keys: number }
  /** Removes some of what is marked. @returns whether there is more */
  removePurged(): boolean
  message(call: { readonly uuid: string }): MessageStatus
  messages(call: ListCall): MessageStatus[]
  outcomes(call: OutcomesCall): OutcomePage
  stats(): OutboxStats
  feedback(call: FeedbackCall): FeedbackPage
  suppressions(call: SuppressionsCall): SuppressionPage
  /** @returns how many were on the list */
  register(call: RegisterCall): number
  /** Removes some of what is old from the log. @returns how many; 0 when there are no more */
  forgetFeedback(call: { readonly before: number }): number
  readCursor(call: { readonly name: string }): number
  moveCursor(call: { readonly name: string; readonly position: number }): void
}

/** Whoever makes the calls of a store, wherever that is. */
export interface StoreCaller {
  /** @throws {OutboxError} (as a rejection) */
  call<Name extends keyof StoreCalls>(
    name: Name,
    ...[argument]: Parameters<StoreCalls[Name]>
  ): Promise<ReturnType<StoreCalls[Name]>>
  /** Waits for the calls that were made. Idempotent. */
  close(): Promise<void>
}

export interface AppendCall {
  readonly uuid: string
  readonly message: NewMessage
  /** Of the whole request; where it has an idempotency key. */
  readonly digest: Uint8Array | undefined
  /** All of its tokens; undefined for a message that stays open. */
  readonly batches: readonly PackedTokens[] | undefined
  readonly maxPending: number
  readonly now: number
}

export interface AddTokensCall {
  readonly uuid: string
  readonly batches: readonly PackedTokens[]
  readonly offset: number | undefined
  readonly maxPending: number
}

export interface ClaimCall {
  readonly owner: string
  readonly leaseMs: number
  readonly maxTokens: number
  readonly maxTokensPerApp: number | undefined
  readonly apps: readonly string[] | undefined
  readonly now: number
}

/** As it crosses to the client, which has an array for a whole batch already. */
export interface LeasedBatch extends Omit<ClaimedBatch, 'pending'> {
  /** Undefined for all of its tokens. */
  readonly pending: Uint32Array | undefined
}

export interface Leased extends Omit<Claim, 'batches'> {
  readonly batches: readonly LeasedBatch[]
}

/** A step of a call that goes through many messages. */
export interface ScopeStep {
  readonly scope: Scope
  readonly now: number
  readonly kind: 'cancel' | 'purge'
  /** Internal ids: after the first, up to the second. */
  readonly after: number
  readonly upTo: number
}

export interface RetireCall {
  readonly finishedBefore: number
  readonly keysBefore: number
}

export interface ListCall {
  readonly app: string | undefined
  readonly isUnfinished: boolean
  readonly before: string | undefined
  readonly limit: number
}

export interface OutcomesCall {
  readonly uuid: string | undefined
  readonly after: number
  readonly limit: number
}

export interface FeedbackCall {
  readonly after: number
  readonly apps: readonly string[] | undefined
  readonly limit: number
}

export interface SuppressionsCall {
  readonly app: string
  readonly token: Uint8Array | undefined
  readonly after: number
  readonly limit: number
}

export interface RegisterCall {
  readonly app: string
  readonly tokens: readonly Uint8Array[]
  readonly registeredAtMs: number | undefined
}
