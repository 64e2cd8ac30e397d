import type { Failure } from './error.js'
import { Fifo } from './fifo.js'
import { LinkedList } from './linked-list.js'
import type { Message } from './message.js'
import type { Notification } from './notification.js'
import { FreshWork } from './queue/fresh-work.js'
import { RetrySchedule } from './queue/retry-schedule.js'

/** Hears what became of the notifications of one `append`. Each is told once. */
export interface SettlementObserver {
  /**
   * @param failure why it was not accepted; undefined for a success
   * @param uniqueId Apple's `apns-unique-id`, which the sandbox gives
   */
  settled(notification: Notification, failure: Failure | undefined, uniqueId: string | undefined): void
}

/** What the queue needs of a backend. */
export interface QueueListener {
  queueLock(): QueueLock
  queueNotify(): void
}

/** A lock around the queue, for backends that share it. JavaScript needs none otherwise. */
export interface QueueLock {
  acquire(): void
  release(): void
}

/** The shortest wait that `purgeExpired` recommends, in seconds; shorter would only be busy work. */
const MIN_PURGE_WAIT = 1

/**
 * The queue of notifications between a manager and its backend.
 *
 * A claimed notification stays here until its fate is known: the backend says so (`settle`), silence has lasted for
 * the grace period (`purgeExpired`), or a later one failed (`backtrack`). A message is kept whole until its tokens are
 * claimed, so a million tokens in the queue are one entry. Every operation is O(1), amortised.
 *
 *     append ──▶ unclaimed ──claim──▶ claimed ──settle, purgeExpired──▶ (settled)
 *                   ▲  ▲                │ │ │
 *                   │  └─unclaim,───────┘ │ └─backtrack: the one named──▶ (verdict) ──settle──▶ (settled)
 *                   │    backtrack        │
 *                   └───waiting◀──requeue─┘
 */
export class NotificationQueue {
  readonly #grace: number
  readonly #now: () => number
  readonly #purgesOnAppend: boolean
  #listener: QueueListener | undefined

  /** In the order of their claims. */
  readonly #claimed = new LinkedList<Notification>()
  /** Taken out by `backtrack`, until somebody says what became of them. */
  readonly #verdicts = new LinkedList<Notification>()
  /** Given back; the next to be claimed is the last. */
  readonly #returned: Notification[] = []
  /** To be tried again at once. */
  readonly #retries = new Fifo<Notification>()
  /** To be tried again later. */
  readonly #schedule = new RetrySchedule()
  readonly #fresh = new FreshWork()
  #nextPurgeAtMs = 0

  /**
   * @param grace seconds after which silence about a claimed notification means success; Infinity for a backend that
   *   learns each one's fate
   * @param options.now a clock in milliseconds that never goes back
   * @param options.purgesOnAppend whether `append` calls `purgeExpired` when that is due, as in the original library
   *   (the default). Off where somebody else does it, who can tell silence from news that nobody has read yet.
   */
  constructor(
    grace: number,
    {
      now = () => performance.now(),
      purgesOnAppend = true,
    }: { readonly now?: () => number; readonly purgesOnAppend?: boolean } = {},
  ) {
    if (!(grace >= 0)) throw new RangeError(`grace is ${String(grace)}; give seconds, 0 or more`)
    this.#grace = grace
    this.#now = now
    this.#purgesOnAppend = purgesOnAppend
  }

  /** Whose `queueNotify` is called when there may be something to claim. */
  setBackend(listener: QueueListener): void {
    this.#listener = listener
  }

  /** How many notifications wait to be claimed, now or later. */
  get unclaimedCount(): number {
    return this.#fresh.length + this.#returned.length + this.#retries.length + this.#schedule.length
  }

  /** How many are claimed. */
  get claimedCount(): number {
    return this.#claimed.length
  }

  /**
   * Queues a message for delivery.
   *
   * @param observer hears what becomes of each notification
   */
  append(message: Message, observer?: SettlementObserver): void {
    if (this.#purgesOnAppend && this.#grace !== Number.POSITIVE_INFINITY) {
      const nowMs = this.#now()
      if (nowMs > this.#nextPurgeAtMs) this.#nextPurgeAtMs = nowMs + this.purgeExpired() * 1000
    }
    this.#fresh.append(message, observer)
    this.#notify()
  }

  /**
   * The next notification to be sent, if there is one: what was given back first, then retries that are due, then
   * fresh work. It is taken out provisionally, and stays known until its fate is.
   */
  claim(): Notification | undefined {
    return this.#claim(this.#takeUnclaimed())
  }

  /** The same from the other end: of the fresh work, what would be sent last; if there is none, what `claim` gives. */
  claimLast(): Notification | undefined {
    return this.#claim(this.#fresh.takeLast() ?? this.#takeUnclaimed())
  }

  /**
   * Gives back the notification that was claimed last.
   *
   * @returns false, and does nothing, for any other
   */
  unclaim(notification: Notification): boolean {
    if (notification.state !== 'claimed' || this.#claimed.last !== notification) return false
    this.#giveBack(notification)
    return true
  }

  /**
   * The backend learned that this one failed, or was the last that was sent well: everything before it has
   * succeeded, everything after it goes back to the queue. If it is not known, all that is claimed goes back.
   *
   * @returns the one with this ident, if found: out of the queue, and the backend has to say what became of it, with
   *   `settle`, `requeue` or `deliveryError`. If it says nothing for the grace period, that is a success too.
   */
  backtrack(ident: number): Notification | undefined {
    let found: Notification | undefined
    for (
      let last = this.#claimed.last;
      last !== undefined && found === undefined;
      last = this.#claimed.last
    ) {
      if (last.ident === ident) {
        this.#claimed.remove(last)
        found = last
      } else {
        this.#giveBack(last)
      }
    }
    // With nothing claimed, the original library looks at the head of the queue too.
    found ??= this.#takeHead(ident)
    for (let first = this.#claimed.first; first !== undefined; first = this.#claimed.first) this.settle(first)
    if (found !== undefined) this.#awaitVerdict(found)
    this.#notify()
    return found
  }

  /**
   * The fate of a claimed notification is known: it leaves the queue, and its delivery hears of it.
   *
   * @param failure why it was not accepted; undefined for a success
   * @returns false, and does nothing, when it is not claimed (any more)
   */
  settle(notification: Notification, failure?: Failure, uniqueId?: string): boolean {
    if (!this.#takeClaimed(notification)) return false
    notification.state = 'free'
    notification.observer?.settled(notification, failure, uniqueId)
    return true
  }

  /**
   * A claimed notification is to be tried again.
   *
   * @param delay seconds from now; 0, the default: at once, before any fresh work
   * @returns false, and does nothing, when it is not claimed (any more)
   */
  requeue(notification: Notification, delay = 0): boolean {
    if (!this.#takeClaimed(notification)) return false
    notification.state = 'unclaimed'
    if (delay > 0) this.#schedule.add(notification, this.#now() + delay * 1000)
    else this.#retries.push(notification)
    this.#notify()
    return true
  }

  /** The one that was claimed first, of those that are claimed. */
  get firstClaimed(): Notification | undefined {
    return this.#claimed.first
  }

  /** Whether a notification with this ident is claimed, so that `backtrack` would find it there. */
  isClaimed(ident: number): boolean {
    for (let each = this.#claimed.last; each !== undefined; each = each.previous) {
      if (each.ident === ident) return true
    }
    return false
  }

  /** The grace of this claimed notification, and of all that were claimed after it, begins now: they leave only now. */
  renewGrace(first: Notification): void {
    if (first.state !== 'claimed') return
    const purgeAtMs = this.#now() + this.#grace * 1000
    for (let each: Notification | undefined = first; each !== undefined; each = each.next) {
      each.purgeAtMs = purgeAtMs
    }
  }

  /** Seconds until a retry is due that is not due yet; undefined when none waits. */
  nextRetryIn(): number | undefined {
    const dueAtMs = this.#schedule.nextDueAtMs
    return dueAtMs === undefined ? undefined : Math.max(0, dueAtMs - this.#now()) / 1000
  }

  /**
   * Claimed notifications whose grace is over are taken for delivered, and leave the queue. Called by itself as
   * messages are appended; call it to drain a queue that gets no more.
   *
   * @returns the recommended number of seconds until the next call
   */
  purgeExpired(): number {
    if (this.#grace === Number.POSITIVE_INFINITY) return this.#grace
    const nowMs = this.#now()
    this.#purge(this.#verdicts, nowMs)
    this.#purge(this.#claimed, nowMs)
    const { first } = this.#claimed
    return first === undefined ? this.#grace : Math.max(MIN_PURGE_WAIT, (first.purgeAtMs - nowMs) / 1000)
  }

  /** Seconds until the grace of something claimed is over; undefined when nothing is claimed. */
  nextPurgeIn(): number | undefined {
    const claimed = this.#claimed.first?.purgeAtMs ?? Number.POSITIVE_INFINITY
    const dueAtMs = Math.min(claimed, this.#verdicts.first?.purgeAtMs ?? Number.POSITIVE_INFINITY)
    return dueAtMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, dueAtMs - this.#now()) / 1000
  }

  /** Whether `claim` has something to give. */
  hasUnclaimed(): boolean {
    if (this.#fresh.length > 0 || this.#returned.length > 0 || this.#retries.length > 0) return true
    const dueAtMs = this.#schedule.nextDueAtMs
    return dueAtMs !== undefined && dueAtMs <= this.#now()
  }

  /** Whether nothing is in the queue: claimed, unclaimed or waiting for its retry. */
  isEmpty(): boolean {
    return this.#claimed.length === 0 && this.unclaimedCount === 0
  }

  /** Whether anything waits for its fate: what is in the queue, and what `backtrack` took out and nobody settled. */
  isUnresolved(): boolean {
    return !this.isEmpty() || this.#verdicts.length > 0
  }

  /** What was claimed, or taken out by `backtrack`, and is not settled. */
  unsettled(): Notification[] {
    return [...this.#claimed, ...this.#verdicts]
  }

  /**
   * Takes unclaimed notifications out for good, as failed.
   *
   * @param decide why one is to go; undefined to keep it. Asked once for a message and observer whose tokens were
   *   never claimed.
   * @param report hears of each that went, after its observer
   * @returns how many went
   */
  discard(
    decide: (message: Message, observer: SettlementObserver | undefined) => Failure | undefined,
    report?: (notification: Notification, failure: Failure) => void,
  ): number {
    // All is taken out before anybody hears of it: a listener may append, claim or discard in turn.
    const taken: { readonly notification: Notification; readonly failure: Failure }[] = []
    const unwanted = (notification: Notification): boolean => {
      const failure = decide(notification.message, notification.observer)
      // What may have been delivered is not known to be cancelled, or expired.
      if (failure !== undefined) taken.push({ notification, failure: notification.doubt ?? failure })
      return failure !== undefined
    }
    for (const notification of this.#returned.splice(0)) {
      if (!unwanted(notification)) this.#returned.push(notification)
    }
    for (let left = this.#retries.length; left > 0; left--) {
      const notification = this.#retries.shift()
      if (notification !== undefined && !unwanted(notification)) this.#retries.push(notification)
    }
    this.#schedule.removeWhere(unwanted)
    const fresh = this.#fresh.takeWhere(decide)

    let dropped = 0
    const drop = (notification: Notification, failure: Failure): void => {
      dropped++
      notification.state = 'free'
      notification.observer?.settled(notification, failure, undefined)
      report?.(notification, failure)
    }
    for (const { notification, failure } of taken) drop(notification, failure)
    for (const { notification, failure } of fresh) drop(notification, failure)
    return dropped
  }

  /** What is in the queue, in its order; for inspection. */
  *entries(): Generator<{ readonly notification: Notification; readonly claimed: boolean }, void, undefined> {
    for (const notification of this.#claimed) yield { notification, claimed: true }
    for (const notification of this.#returned.toReversed()) yield { notification, claimed: false }
    for (const notification of this.#retries) yield { notification, claimed: false }
    for (const notification of this.#fresh) yield { notification, claimed: false }
    for (const notification of this.#schedule) yield { notification, claimed: false }
  }

  #claim(notification: Notification | undefined): Notification | undefined {
    if (notification === undefined) return undefined
    notification.state = 'claimed'
    if (this.#grace !== Number.POSITIVE_INFINITY) notification.purgeAtMs = this.#now() + this.#grace * 1000
    this.#claimed.append(notification)
    return notification
  }

  #takeUnclaimed(): Notification | undefined {
    const returned = this.#returned.pop()
    if (returned !== undefined) return returned
    const retry = this.#retries.shift()
    if (retry !== undefined) return retry
    if (this.#schedule.length > 0) {
      const due = this.#schedule.takeDue(this.#now())
      if (due !== undefined) return due
    }
    return this.#fresh.take()
  }

  /** Takes out the next to be claimed, if it has this ident. */
  #takeHead(ident: number): Notification | undefined {
    const head = this.#takeUnclaimed()
    if (head === undefined || head.ident === ident) return head
    this.#returned.push(head)
    return undefined
  }

  #takeClaimed(notification: Notification): boolean {
    if (notification.state === 'claimed') this.#claimed.remove(notification)
    else if (notification.state === 'verdict') this.#verdicts.remove(notification)
    else return false
    return true
  }

  #giveBack(notification: Notification): void {
    this.#claimed.remove(notification)
    notification.state = 'unclaimed'
    this.#returned.push(notification)
  }

  #awaitVerdict(notification: Notification): void {
    notification.state = 'verdict'
    notification.purgeAtMs = this.#now() + this.#grace * 1000
    this.#verdicts.append(notification)
  }

  #purge(list: LinkedList<Notification>, nowMs: number): void {
    for (let first = list.first; first !== undefined && first.purgeAtMs <= nowMs; first = list.first)
      this.settle(first)
  }

  #notify(): void {
    const listener = this.#listener
    if (listener === undefined) return
    const lock = listener.queueLock()
    lock.acquire()
    try {
      listener.queueNotify()
    } finally {
      lock.release()
    }
  }
}
