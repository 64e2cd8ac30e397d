import type { Backend } from './backend/backend.js'
import { checkedEnvironment } from './backend/environment.js'
import { Http2Backend } from './backend/http2/http2-backend.js'
import { isBackendClass } from './backend/load-backend.js'
import { type CloseReport, closeDown, ManagerClosedError, within } from './closing.js'
import type { CredentialStats } from './credentials/credential-stats.js'
import { Delivery, type DeliveryOwner, outcomeOf } from './delivery.js'
import { describeValue } from './describe-value.js'
import { notificationSettled } from './diagnostics/channels.js'
import { LagProbe } from './diagnostics/lag-probe.js'
import { publishSettled } from './diagnostics/settlement.js'
import { NO_TRAFFIC, type TrafficStats } from './diagnostics/traffic.js'
import { ApnsError, type Failure, localFailure } from './error.js'
import type { Feedback, Subscription } from './feedback.js'
import { LinkedList } from './linked-list.js'
import { callSafely, describeCause, isThenable } from './logger.js'
import {
  type ApnsManagerOptions,
  checkedGrace,
  checkedName,
  checkFunction,
  checkIterable,
  checkNumber,
} from './manager-options.js'
import { Message, type MessageOptions } from './message.js'
import { checkedTopic } from './message-checks.js'
import { MessageError } from './message-error.js'
import { DEFAULT_STREAM_WINDOW, type StreamOutcome, streamOutcomes } from './outcome-stream.js'
import { type ApsFields, apsFrom } from './payload/aps-fields.js'
import { PurgeTimer } from './purge-timer.js'
import { NotificationQueue } from './queue.js'

export interface ManagerStats {
  /** Waiting to be sent, or to be sent again. */
  readonly queued: number
  /** Sent, and not answered. */
  readonly inFlight: number
  readonly accepted: number
  readonly refused: number
  readonly expired: number
  readonly unknown: number
  readonly cancelled: number
  /** How many times a notification was put back to be sent again. */
  readonly retried: number
  readonly connections: number
  /** Whether a configuration error has stopped the line. */
  readonly paused: boolean
  /**
   * Seconds that a message takes from being sent to being settled, in all its notifications: of the last one that was
   * looked at, or of the one that is looked at now, so far. It grows while nothing moves.
   */
  readonly lag: number
  /** How it is with the credential; undefined from a backend that does not say. */
  readonly credential: CredentialStats | undefined
  /** What went over the network; all zero from a backend that does not count. */
  readonly traffic: TrafficStats
}

const DEFAULT_CLOSE_TIMEOUT = 30
/** How long `close` waits for what is in flight when the line is stopped; a few round trips. */
const LANDING_TIMEOUT_MS = 5000

/**
 * Sends Apple push notifications: one queue, and the backend that empties it. A single one is enough for most
 * purposes; it opens as many connections as it needs.
 *
 * Credentials are read and checked when it is made; it connects when there is something to send. Whoever makes one
 * closes it: `await apns.close()`, or `await using`.
 */
export class ApnsManager {
  /** What it is called in the events of `channels`. */
  readonly name: string
  readonly #queue: NotificationQueue
  readonly #backend: Backend
  readonly #purgeTimer: PurgeTimer | undefined
  readonly #open = new LinkedList<Delivery>()
  readonly #lag = new LagProbe()
  readonly #counts = { accepted: 0, refused: 0, expired: 0, unknown: 0, cancelled: 0 }
  readonly #owner: DeliveryOwner
  readonly #closeListeners = new Set<(error: Error) => void>()
  readonly #sendsBroadcasts: boolean
  #inFlightChanged: (() => void) | undefined
  #startFailed = false
  #closing: Promise<CloseReport> | undefined

  /**
   * @throws {CredentialError} for a credential that cannot work, with the cause in words
   * @throws {TypeError} for any other option that makes no sense; and whatever the backend's `start` throws
   */
  constructor(options: ApnsManagerOptions = {}) {
    const BackendClass = options.backend ?? Http2Backend
    if (!isBackendClass(BackendClass))
      throw new TypeError('backend is not a subclass of Backend; see loadBackend')
    const grace =
      BackendClass.settlesEach === true ? Number.POSITIVE_INFINITY : checkedGrace(options.messageGrace)
    if (options.errorHandler !== undefined) checkFunction(options.errorHandler, 'errorHandler')
    this.name = checkedName(options.name)
    this.#sendsBroadcasts = BackendClass.sendsBroadcasts === true
    // The purge timer does it, after what the network has to say was read.
    this.#queue = new NotificationQueue(grace, { purgesOnAppend: false })
    this.#purgeTimer = Number.isFinite(grace) ? new PurgeTimer(this.#queue, grace) : undefined
    this.#owner = {
      deliverySettled: (notification, failure) => {
        this.#count(failure)
        if (notificationSettled.hasSubscribers) publishSettled(this.name, notification, failure)
        this.#inFlightChanged?.()
      },
      deliveryDone: (delivery) => {
        this.#open.remove(delivery)
        this.#lag.done(delivery)
      },
      cancelDelivery: (delivery) =>
        this.#queue.discard((_message, observer) => (observer === delivery ? CANCELLED : undefined)),
    }
    this.#backend = new BackendClass({
      ...options,
      environment: checkedEnvironment(options.environment),
      topic: checkedTopic(options.topic),
      queue: this.#queue,
      name: this.name,
    })
    this.#queue.setBackend({
      queueLock: () => this.#backend.queueLock(),
      queueNotify: () => this.#notifyBackend(),
    })
    this.#startBackend()
  }

  /**
   * Sends a standard notification: the short way for a {@link Message} with nothing but an `aps` dictionary.
   *
   * @param tokens hex-encoded device tokens
   * @param aps what goes into the `aps` dictionary; only what is given is in it
   * @throws {MessageError}
   */
  sendAps(tokens: Iterable<string>, aps: ApsFields = {}, options?: MessageOptions): Delivery {
    return this.sendMessage(new Message(tokens, { aps: apsFrom(aps) }, options))
  }

  /**
   * Queues a message, and returns at once. Reconnecting, re-sending and waiting are not the caller's business; what
   * became of it is the delivery's.
   *
   * @throws {MessageError} for what this backend can not send; nothing of it is queued
   * @throws {ManagerClosedError} after `close` was called
   */
  sendMessage(message: Message): Delivery {
    this.check(message)
    const delivery = new Delivery(message, this.#owner)
    if (message.length > 0) {
      this.#open.append(delivery)
      this.#lag.sent(delivery)
    }
    this.#queue.append(message, delivery)
    this.#purgeTimer?.start()
    return delivery
  }

  /** Throws what {@link sendMessage} would throw for this message, and sends nothing. */
  check(message: Message): void {
    this.#assertOpen()
    if (!(message instanceof Message)) throw new TypeError('what is sent has to be a Message; make one first')
    if (message.isBroadcast !== this.#sendsBroadcasts) throw wrongBackend(message)
    this.#backend.checkMessage(message)
  }

  /**
   * Sends any number of messages, in bounded memory, and yields each token's outcome as it is known.
   *
   * What the source throws, what `sendMessage` throws for one of its messages, and a `ManagerClosedError` when the
   * manager is closed meanwhile, is thrown to the reader once the outcomes of everything before it were yielded.
   *
   * @param options.window how many notifications may be on their way before the next message is taken; default 10,000
   */
  stream(
    messages: Iterable<Message> | AsyncIterable<Message>,
    { window = DEFAULT_STREAM_WINDOW }: { readonly window?: number } = {},
  ): AsyncGenerator<StreamOutcome, void, undefined> {
    this.#assertOpen()
    checkNumber(window, 1, 'window', 'a number of notifications')
    checkIterable(messages, 'what is streamed')
    const sender = {
      send: (message: Message) => this.sendMessage(message),
      onClose: (listener: (error: Error) => void) => this.#onClose(listener),
    }
    return streamOutcomes(messages, sender, window)
  }

  /**
   * Waits until everything that was queued before is settled, by an answer or by the grace period.
   *
   * @throws {ApnsError} when a configuration error has stopped the line, or stops it meanwhile: it would wait for ever
   */
  flushMessages(): Promise<void> {
    if (this.#open.length === 0) return Promise.resolve()
    if (this.#backend.paused !== undefined) return Promise.reject(this.#backend.paused)
    return new Promise((resolve, reject) => {
      const stopListening = this.#backend.onPause((error) => {
        stopListening()
        reject(error)
      })
      Promise.all(Array.from(this.#open, (delivery) => delivery.done())).then(() => {
        stopListening()
        resolve()
      }, reject)
    })
  }

  /**
   * Calls back for each device token that can not receive notifications any more: with the default backend, for each
   * that Apple answers 410 for, including those since the last `getFeedback` ended.
   *
   * @throws {ManagerClosedError} after `close` was called
   */
  getFeedback(callback: (feedback: Feedback) => unknown): Subscription {
    this.#assertOpen()
    checkFunction(callback, 'callback')
    let cancelled = false
    const subscription = this.#backend.startFeedback((feedback) => {
      if (!cancelled) callSafely(callback, feedback, 'feedback callback', this.#backend.logger)
    })
    return {
      cancel() {
        if (cancelled) return
        cancelled = true
        subscription?.cancel()
      },
    }
  }

  /** The configuration error that has stopped the line, if one has. */
  get paused(): ApnsError | undefined {
    return this.#backend.paused
  }

  /** Continues after a configuration error, once its cause is mended. */
  resume(): void {
    if (this.#startFailed) this.#startBackend()
    try {
      this.#backend.resume()
    } catch (cause) {
      this.#backendFailed(cause)
    }
  }

  /**
   * Changes the option `maxConnections` while it sends. With more, connections are opened when they are needed. With fewer,
   * those that are too many, the least busy first, take no more notifications, and close when what they have is answered;
   * until then they are in `stats().connections`. With 0 nothing is sent, and what is queued waits: it neither fails nor
   * expires, and does not keep the process alive.
   *
   * From then on a connection counts until its socket is gone, also one that is being replaced. Of apps that share
   * connections, the limit is of those, and the last that was set counts.
   *
   * @param count a whole number, 0 or more
   * @param options.timeout seconds after which those that are too many close, answered or not; what they had is then sent
   *   again, or unknown, as after a lost connection. Default: as long as an answer may take (`requestTimeout`)
   * @returns resolves when no more than that many sockets are open, or the limit was changed again
   * @throws {TypeError} for another number, and from a backend that has no such limit: `BinaryBackend` has one connection
   */
  setMaxConnections(
    count: number,
    { timeout }: { readonly timeout?: number | undefined } = {},
  ): Promise<void> {
    if (!Number.isInteger(count) || count < 0) {
      throw new TypeError(
        `the number of connections is ${describeValue(count)}; give a whole number, 0 or more`,
      )
    }
    if (timeout !== undefined) checkNumber(timeout, 0, 'timeout', 'seconds')
    const isLimited = timeout !== undefined && Number.isFinite(timeout)
    return this.#backend.setMaxConnections(count, isLimited ? timeout * 1000 : undefined)
  }

  /** Counters since it was made, and how things are now: a plain object of one's own, cheap enough to ask every second. */
  stats(): ManagerStats {
    const { connections, retried, credential, traffic = NO_TRAFFIC } = this.#backend.stats()
    return {
      queued: this.#queue.unclaimedCount,
      inFlight: this.#queue.claimedCount,
      ...this.#counts,
      retried,
      connections,
      paused: this.#backend.paused !== undefined,
      lag: this.#lag.seconds,
      credential,
      traffic,
    }
  }

  /**
   * Sends what is queued, then disconnects. From then on nothing of this manager keeps the process alive, and every
   * promise it gave is settled. Idempotent: later calls give the same report.
   *
   * @param options.timeout seconds to wait for what is queued; default 30. What is not settled then, or can not be
   *   because a configuration error has stopped the line, is in the report, and fails as `cancelled` or `unknown`. With
   *   the line stopped, only what is in flight is waited for, for five seconds at most. A backend has five seconds more
   *   to stop.
   */
  close({ timeout = DEFAULT_CLOSE_TIMEOUT }: { readonly timeout?: number } = {}): Promise<CloseReport> {
    checkNumber(timeout, 0, 'timeout', 'seconds')
    // Not at once: what it calls may call it again.
    this.#closing ??= Promise.resolve().then(() => this.#close(timeout))
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(timeout: number): Promise<CloseReport> {
    for (const listener of [...this.#closeListeners]) listener(new ManagerClosedError())
    const deadlineMs = performance.now() + timeout * 1000
    if (this.#open.length > 0) {
      await within(
        timeout * 1000,
        this.flushMessages().catch(() => {}),
      )
    }
    if (this.#backend.paused !== undefined) {
      // A line that is stopped will not move while nobody can resume it any more; but what is in flight is answered yet.
      const leftMs = Math.max(0, deadlineMs - performance.now())
      await within(Math.min(leftMs, LANDING_TIMEOUT_MS), this.#landed())
    }
    const unsent = await closeDown(this.#backend)
    this.#purgeTimer?.stop()
    return { unsent }
  }

  /** Resolves when nothing is in flight. */
  #landed(): Promise<void> {
    return new Promise((resolve) => {
      this.#inFlightChanged = () => {
        if (this.#queue.claimedCount === 0) resolve()
      }
      this.#inFlightChanged()
    })
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new ManagerClosedError()
  }

  #onClose(listener: (error: Error) => void): () => void {
    if (this.#closing !== undefined) listener(new ManagerClosedError())
    else this.#closeListeners.add(listener)
    return () => this.#closeListeners.delete(listener)
  }

  #startBackend(): void {
    this.#startFailed = false
    const started: unknown = this.#backend.start()
    if (!isThenable(started)) return
    started.then(undefined, (cause: unknown) => {
      this.#startFailed = true
      this.#backendFailed(cause)
    })
  }

  /** What is queued stays queued, whatever the backend thinks of it. */
  #notifyBackend(): void {
    this.#inFlightChanged?.()
    try {
      this.#backend.queueNotify()
    } catch (cause) {
      this.#backendFailed(cause)
    }
  }

  /** It may never send again, so nobody should go on waiting for it; reported once, until somebody resumes. */
  #backendFailed(cause: unknown): void {
    const failure = localFailure('BackendFailed', cause)
    const description = `${failure.description} It said: ${describeCause(cause)}`
    this.#backend.pause(new ApnsError({ ...failure, description }))
  }

  #count(failure: Failure | undefined): void {
    if (failure === undefined) this.#counts.accepted++
    else this.#counts[outcomeOf(failure)]++
  }
}

function wrongBackend({ isBroadcast }: Message): MessageError {
  return new MessageError(
    'WRONG_BACKEND',
    isBroadcast
      ? 'a broadcast is sent by a manager with the option backend: BroadcastBackend'
      : 'BroadcastBackend sends no messages to devices; send them by a manager without it',
  )
}

const CANCELLED = localFailure('Cancelled')
