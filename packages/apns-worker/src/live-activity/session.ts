import { checkedChannel, type KnownChannel } from '../broadcast/broadcast-checks.js'
import type { Delivery } from '../delivery.js'
import type { AsJson } from '../payload/json.js'
import { TokenList } from '../token-list.js'
import { type ActivityPush, contentOf, draftPush, messageOf } from './activity-push.js'
import type { AnyJsonObject } from './payload.js'
import { SpentBudget } from './push-budget.js'
import { LiveActivityError } from './session-error.js'
import {
  type LiveActivityEndOptions,
  type LiveActivityFate,
  type LiveActivitySessionOptions,
  type LiveActivityStartOptions,
  type LiveActivityUpdateOptions,
  type MessageSender,
  type ResolvedSessionOptions,
  resolveSessionOptions,
  type SentPush,
} from './session-options.js'

interface Pending {
  readonly push: ActivityPush
  readonly resolve: (fate: LiveActivityFate) => void
}

/** Reasons that say that the token of an activity is used up: another may come, or the activity is gone. */
const DEAD_TOKEN: ReadonlySet<string> = new Set(['ExpiredToken', 'Unregistered'])
/** The longest wait in milliseconds: what `setTimeout` can hold. */
const MAX_WAIT_MS = 2 ** 31 - 1

/**
 * One Live Activity on one device, or on all that listen to a channel. It keeps the timestamps rising, spends priority 10 within a budget, sends no more
 * than one update in a window (the latest), and ends once.
 *
 *     running ──end()──▶ ended
 *        └─────close()─────┴──▶ closed
 *
 * At most one push waits: for the window to end, or for a token. What is newer takes its place; the end takes the place
 * of anything. When Apple says that the token is dead, the latest content that was sent to it waits for the next one.
 *
 * It belongs to whoever made it: `close()`, or `await using`, sends what waits and leaves no timer behind. It does not
 * end the activity, nor close the manager.
 *
 * @typeParam State the app's `ContentState`
 * @typeParam Attributes the app's `ActivityAttributes`
 */
export class LiveActivitySession<State = AnyJsonObject, Attributes = AnyJsonObject>
  implements AsyncDisposable
{
  readonly #sender: MessageSender
  readonly #topic: string | undefined
  readonly #options: ResolvedSessionOptions
  readonly #budget: SpentBudget
  readonly #channel: KnownChannel | undefined
  /** The activity's token, or the channel's id. */
  #receiver: string | undefined
  #lastTimestamp: number
  #started = false
  #closed = false
  #ending: Promise<LiveActivityFate> | undefined
  #pending: Pending | undefined
  #timer: { readonly handle: unknown } | undefined
  #windowEndsAtMs = 0
  /** What was sent last. */
  #latest: ActivityPush | undefined

  /**
   * @throws {MessageError} `BAD_TOKEN`, `BAD_CHANNEL`
   * @throws {RangeError} for any other option that makes no sense
   */
  constructor(sender: MessageSender, options: LiveActivitySessionOptions = {}) {
    this.#sender = sender
    this.#topic = options.topic
    this.#options = resolveSessionOptions(options)
    this.#budget = new SpentBudget(options.budget)
    this.#lastTimestamp = this.#options.lastTimestamp
    this.#channel = options.channel === undefined ? undefined : checkedChannel(options.channel)
    if (options.token !== undefined && this.#channel !== undefined)
      throw new RangeError('token and channel exclude one another')
    this.#receiver = options.token === undefined ? this.#channel?.id : checkedToken(options.token)
  }

  /** The activity's own token; undefined while none is known, after Apple has said that it is dead, and with a channel. */
  get token(): string | undefined {
    return this.#channel === undefined ? this.#receiver : undefined
  }

  /** The timestamp of the latest push, in Unix seconds: to be kept where the activity outlives the process. */
  get lastTimestamp(): number {
    return this.#lastTimestamp
  }

  get state(): 'running' | 'ended' | 'closed' {
    if (this.#closed) return 'closed'
    return this.#ending === undefined ? 'running' : 'ended'
  }

  /**
   * Starts the activity, at once and with priority 10 (iOS 17.2 and newer). The app then reports the activity's own token,
   * for `changeToken`; updates wait for it. An activity that the app started itself needs no start.
   *
   * @param pushToStartToken the device's token for starting activities of this type
   * @throws {MessageError}
   * @throws {LiveActivityError} `ALREADY_STARTED`, `ENDED`, `CLOSED`, `HAS_CHANNEL`
   */
  start(pushToStartToken: string, options: LiveActivityStartOptions<State, Attributes>): Delivery {
    this.#assertRunning()
    this.#assertForDevice()
    if (this.#started) throw new LiveActivityError('ALREADY_STARTED')
    const { attributesType, attributes, updates, state } = options
    const push = this.#draft(
      {
        event: 'start',
        'content-state': state,
        'attributes-type': attributesType,
        attributes,
        ...sourceOf(updates),
      },
      options,
    )
    const { delivery } = this.#send(push, checkedToken(pushToStartToken), 10)
    this.#started = true
    return delivery
  }

  /**
   * Sends new content: at once, or when the window ends, or when there is a token. The promise says what became of it; it
   * never rejects, and nobody needs to wait for it.
   *
   * @throws {MessageError} for content that can not be sent; and whatever `sendMessage` throws, if it is sent at once
   * @throws {LiveActivityError} `ENDED`, `CLOSED`
   */
  update(state: AsJson<State>, options: LiveActivityUpdateOptions = {}): Promise<LiveActivityFate> {
    this.#assertRunning()
    return this.#sendOrWait(this.#draft({ event: 'update', 'content-state': state }, options))
  }

  /**
   * Ends the activity, at once or when there is a token. Idempotent: later calls give the same promise, which never rejects.
   *
   * @throws {MessageError} for content that can not be sent; and whatever `sendMessage` throws, if it is sent at once
   * @throws {LiveActivityError} `CLOSED`
   */
  end(options: LiveActivityEndOptions<State> = {}): Promise<LiveActivityFate> {
    if (this.#ending !== undefined) return this.#ending
    this.#assertRunning()
    const latest = this.#pending?.push ?? this.#latest
    const state: unknown = options.state ?? (latest && contentOf(latest))
    const aps = { event: 'end', 'content-state': state, 'dismissal-date': options.dismissalDate }
    this.#ending = this.#sendOrWait({ ...this.#draft(aps, options), waitsForWindow: false })
    return this.#ending
  }

  /**
   * The app has reported another token for the activity: what waits goes there, at once or when the window ends.
   *
   * @throws {MessageError} `BAD_TOKEN`
   * @throws {LiveActivityError} `CLOSED`, `HAS_CHANNEL`
   */
  changeToken(token: string): void {
    this.#assertForDevice()
    if (this.#closed) throw new LiveActivityError('CLOSED')
    this.#receiver = checkedToken(token)
    this.#sendWhenDue()
  }

  /** Sends what waits for the window, drops what waits for a token, and leaves no timer behind. Idempotent. */
  close(): Promise<void> {
    this.#closed = true
    this.#sendPending()
    return Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #assertRunning(): void {
    if (this.#closed) throw new LiveActivityError('CLOSED')
    if (this.#ending !== undefined) throw new LiveActivityError('ENDED')
  }

  #assertForDevice(): void {
    if (this.#channel !== undefined) throw new LiveActivityError('HAS_CHANNEL')
  }

  #draft(aps: object, details: LiveActivityUpdateOptions): ActivityPush {
    return draftPush(aps, details, this.#nextTimestamp(), this.#topic, this.#channel)
  }

  /** Whatever can be sent now is sent now, so that the caller hears of what is wrong with it. */
  #sendOrWait(push: ActivityPush): Promise<LiveActivityFate> {
    if (this.#receiver !== undefined && this.#waitMs(push) === 0) {
      const sent = this.#sendToActivity(push, this.#receiver)
      this.#takePending()?.resolve({ fate: 'superseded' })
      return Promise.resolve(sent)
    }
    this.#takePending()?.resolve({ fate: 'superseded' })
    return new Promise((resolve) => {
      this.#wait({ push, resolve })
    })
  }

  #wait(pending: Pending): void {
    this.#pending = pending
    this.#sendWhenDue()
  }

  #sendWhenDue(): void {
    if (this.#pending === undefined || this.#receiver === undefined || this.#timer !== undefined) return
    const waitMs = this.#waitMs(this.#pending.push)
    if (waitMs === 0) this.#sendPending()
    else this.#startTimer(Math.min(waitMs, MAX_WAIT_MS))
  }

  /** How long a push has to wait yet. Never longer than the window, even if the clock was set back. */
  #waitMs(push: ActivityPush): number {
    if (!push.waitsForWindow) return 0
    const { clock, windowMs } = this.#options
    return Math.min(Math.max(0, this.#windowEndsAtMs - clock.now()), windowMs)
  }

  #sendPending(): void {
    const pending = this.#takePending()
    if (pending === undefined) return
    if (this.#receiver === undefined) {
      pending.resolve({ fate: 'dropped', error: new LiveActivityError('NO_TOKEN') })
      return
    }
    try {
      pending.resolve(this.#sendToActivity(pending.push, this.#receiver))
    } catch (error) {
      pending.resolve({ fate: 'dropped', error })
    }
  }

  #takePending(): Pending | undefined {
    const pending = this.#pending
    this.#pending = undefined
    this.#stopTimer()
    return pending
  }

  #startTimer(waitMs: number): void {
    this.#timer = { handle: this.#options.clock.setTimeout(() => this.#sendPending(), waitMs) }
  }

  #stopTimer(): void {
    if (this.#timer === undefined) return
    this.#options.clock.clearTimeout(this.#timer.handle)
    this.#timer = undefined
  }

  #sendToActivity(push: ActivityPush, receiver: string): SentPush {
    const priority = push.priority === 10 && this.#budget.isLeft(this.#options.clock.now()) ? 10 : 5
    const sent = this.#send(push, receiver, priority)
    if (this.#channel === undefined) void this.#watch(sent.delivery, push, receiver)
    return sent
  }

  #send(push: ActivityPush, receiver: string, priority: 5 | 10): SentPush {
    const timestamp = this.#nextTimestamp()
    const delivery = this.#sender.sendMessage(messageOf(push, receiver, timestamp, priority))
    const nowMs = this.#options.clock.now()
    this.#lastTimestamp = timestamp
    this.#latest = push
    this.#windowEndsAtMs = nowMs + this.#options.windowMs
    if (priority === 10) this.#budget.spend(nowMs)
    return { fate: 'sent', delivery, priority, timestamp }
  }

  /** A device ignores what is not newer than what it has, so two pushes of one second are a second apart. */
  #nextTimestamp(): number {
    return Math.max(Math.floor(this.#options.clock.now() / 1000), this.#lastTimestamp + 1)
  }

  async #watch(delivery: Delivery, push: ActivityPush, token: string): Promise<void> {
    for await (const { error } of delivery)
      if (error !== undefined && DEAD_TOKEN.has(error.reason)) this.#tokenDied(token, push)
  }

  #tokenDied(token: string, push: ActivityPush): void {
    if (this.#closed) return
    if (this.#receiver === token) {
      this.#receiver = undefined
      this.#stopTimer()
    }
    // The device does not have it, and nothing newer is on its way.
    if (this.#latest === push && this.#pending === undefined) this.#wait({ push, resolve() {} })
  }
}

function checkedToken(token: string): string {
  return TokenList.from([token]).hex(0)
}

function sourceOf(updates: LiveActivityStartOptions<unknown, unknown>['updates']): object {
  if (updates === undefined) return {}
  return updates === 'token' ? { 'input-push-token': 1 } : { 'input-push-channel': updates.channel }
}
