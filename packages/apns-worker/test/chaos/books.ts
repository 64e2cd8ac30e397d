import assert from 'node:assert/strict'
import type { Journal, JournalNotification } from '@apns-worker/simulator'
import type { ApnsError, ManagerStats, Message, Outcome } from 'apns-worker'

/** Reasons for which the server is not asked again. */
const FINAL_REASONS: ReadonlySet<string | undefined> = new Set(['Unregistered', 'BadDeviceToken'])
/** Reasons for which nobody can know. */
const UNKNOWN_REASONS: ReadonlySet<string | undefined> = new Set([
  'ConnectionLost',
  'RequestTimeout',
  'RequestReset',
])

interface Account {
  readonly outcome: Outcome
  readonly ambiguous: 'resend' | 'drop'
  /** It has an expiration. */
  readonly expires: boolean
  readonly requests: JournalNotification[]
}

/** What came out, by kind; refusals by reason. */
export interface Balance {
  readonly sent: number
  readonly accepted: number
  readonly refused: number
  readonly expired: number
  readonly unknown: number
  readonly reasons: Readonly<Record<string, number>>
  /** Complete requests that the server has seen. */
  readonly requests: number
  /** Notifications that it has seen more than once. */
  readonly seenAgain: number
  /** Of those that had been accepted before, without the client knowing. */
  readonly acceptedAgain: number
}

/** What the library says of each notification on one side, and the simulator's journal on the other. */
export class Books {
  readonly #accounts = new Map<string, Account>()
  readonly #orderly = new Set<number>()

  /** Enters an outcome. A device token stands for one notification. */
  enter(outcome: Outcome, { ambiguous, expiration }: Message): void {
    assert.ok(!this.#accounts.has(outcome.token), `settled twice: ${outcome.token}`)
    this.#accounts.set(outcome.token, {
      outcome,
      ambiguous,
      expires: expiration !== undefined,
      requests: [],
    })
  }

  /** Compares both sides; throws where they do not agree. */
  balance(sent: number, stats: ManagerStats, errors: readonly ApnsError[], journal: Journal): Balance {
    assert.equal(this.#accounts.size, sent, 'every notification has been settled')
    this.#enterJournal(journal)
    for (const account of this.#accounts.values()) this.#check(account)
    this.#checkErrors(errors)
    const balance = this.#summary(journal)
    const { accepted, refused, expired, unknown } = balance
    assert.equal(sent, accepted + refused + expired + unknown)
    assert.deepEqual(
      [stats.accepted, stats.refused, stats.expired, stats.unknown, stats.cancelled],
      [accepted, refused, expired, unknown, 0],
    )
    assert.deepEqual([stats.queued, stats.inFlight], [0, 0])
    return balance
  }

  #enterJournal({ notifications, connections }: Journal): void {
    for (const { connection, event, isOrderly } of connections) {
      if (event === 'closed' && isOrderly === true) this.#orderly.add(connection)
    }
    for (const request of notifications) {
      const account = this.#accounts.get(request.token)
      assert.ok(account !== undefined, `the server has seen a token that nobody sent: ${request.token}`)
      account.requests.push(request)
    }
  }

  #check({ outcome, ambiguous, expires, requests }: Account): void {
    const { status, error } = outcome
    const check = (holds: boolean, problem: string): void => {
      if (holds) return
      assert.fail(`${problem}: ${JSON.stringify({ ...outcome, ambiguous, error: error?.reason, requests })}`)
    }
    for (const { apnsId } of requests) check(apnsId === outcome.apnsId, 'sent with another apns-id')
    for (const [index, request] of requests.entries()) {
      const later = requests.slice(index + 1)
      check(!this.#isSentAfter(request, later), 'sent again although its fate was known')
      check(
        ambiguous === 'resend' || later.length === 0 || maySendAgain(request),
        'sent again against its wish',
      )
    }
    const isUndoubted = requests.every(maySendAgain)
    const isAnswered = requests.some((request) => isFinal(request) && this.#isCertain(request))
    switch (status) {
      case 'accepted':
        check(requests.some(isAccepted), 'nobody has accepted it')
        break
      case 'refused':
        check(!requests.some(isAccepted), 'refused, but accepted')
        check(
          requests.some((request) => isRefusedFor(request, error?.reason)),
          'nobody has refused it so',
        )
        check(FINAL_REASONS.has(error?.reason) || isUndoubted, 'refused, but it may have been accepted')
        break
      case 'expired':
        check(expires, 'expired, but it does not')
        check(isUndoubted, 'expired, but it may have been accepted')
        break
      case 'unknown':
        check(!isAnswered, 'unknown, but answered')
        check(UNKNOWN_REASONS.has(error?.reason), 'unknown for no reason')
        break
      case 'cancelled':
        check(false, 'nobody has cancelled it')
        break
      default:
        status satisfies never
    }
  }

  /**
   * Whether one of the later requests was sent although the client knew the fate of this one. What the client had given up, and
   * what comes over a connection that has ended badly, may have been sent earlier than it was read.
   */
  #isSentAfter(request: JournalNotification, later: readonly JournalNotification[]): boolean {
    if (!isFinal(request) || !this.#isCertain(request)) return false
    return later.some(({ connection, isCancelled }) => !isCancelled && this.#orderly.has(connection))
  }

  /** Whether the client must have had the answer. */
  #isCertain(request: JournalNotification): boolean {
    return request.fate === 'answered' && !request.isCancelled && this.#orderly.has(request.connection)
  }

  #checkErrors(errors: readonly ApnsError[]): void {
    const reported = new Map<string, string>()
    for (const { token = '', reason } of errors) {
      assert.ok(!reported.has(token), `reported twice: ${token}`)
      reported.set(token, reason)
    }
    for (const { outcome } of this.#accounts.values()) {
      assert.equal(reported.get(outcome.token), outcome.error?.reason, `reported otherwise: ${outcome.token}`)
    }
  }

  #summary({ notifications }: Journal): Balance {
    const counts = { accepted: 0, refused: 0, expired: 0, unknown: 0 }
    const reasons: Record<string, number> = {}
    let seenAgain = 0
    let acceptedAgain = 0
    for (const { outcome, requests } of this.#accounts.values()) {
      const { status, error } = outcome
      assert.ok(status !== 'cancelled', `nobody has cancelled ${outcome.token}`)
      counts[status] += 1
      if (error !== undefined) reasons[error.reason] = (reasons[error.reason] ?? 0) + 1
      if (requests.length > 1) seenAgain += 1
      if (requests.slice(0, -1).some(isAccepted)) acceptedAgain += 1
    }
    return {
      sent: this.#accounts.size,
      ...counts,
      reasons,
      requests: notifications.length,
      seenAgain,
      acceptedAgain,
    }
  }
}

function isAccepted({ fate, status }: JournalNotification): boolean {
  return fate === 'answered' && status === 200
}

/** Whether it was answered for good. */
function isFinal(request: JournalNotification): boolean {
  return isAccepted(request) || (request.fate === 'answered' && FINAL_REASONS.has(request.reason))
}

/** Whether it may be sent again where nothing may arrive twice: the server has refused it, or has surely not processed it. */
function maySendAgain({ fate, status, why }: JournalNotification): boolean {
  if (fate === 'answered') return status !== 200
  return fate === 'abandoned' || (fate === 'reset' && why === 'chaos: refused stream')
}

function isRefusedFor(
  { fate, status, reason, why }: JournalNotification,
  wanted: string | undefined,
): boolean {
  if (wanted === 'StreamRefused') return fate === 'reset' && why === 'chaos: refused stream'
  return fate === 'answered' && status !== 200 && wanted === (reason ?? `HTTP ${status}`)
}
