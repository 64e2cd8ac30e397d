import type { Backend, BackendClass } from './backend/backend.js'
import { checkedEnvironment, type Environment } from './backend/environment.js'
import { Http2Backend } from './backend/http2/http2-backend.js'
import type { Http2Options } from './backend/http2/options.js'
import { isBackendClass } from './backend/load-backend.js'
import type { CredentialOptions } from './credentials/credentials.js'
import { Delivery, type DeliveryOwner } from './delivery.js'
import { ApnsError, type Failure, localFailure } from './error.js'
import type { Feedback, Subscription } from './feedback.js'
import { DEFAULT_LOGGER, type Logger } from './logger.js'
import { checkedTopic, Message, type MessageOptions } from './message.js'
import type { Notification } from './notification.js'
import { DEFAULT_STREAM_WINDOW, type StreamOutcome, streamOutcomes } from './outcome-stream.js'
import { type ApsFields, apsFrom } from './payload.js'
import { PurgeTimer } from './purge-timer.js'
import { NotificationQueue } from './queue.js'

export interface ApnsManagerOptions extends CredentialOptions, Http2Options {
  /** `'production'` (the default), `'sandbox'`, or `{ host, port, ca }`. */
  readonly environment?: Environment | undefined
  /** Default: {@link Http2Backend}. See `loadBackend` to get one from a module path. */
  readonly backend?: BackendClass | undefined
  /**
   * Seconds to hold on to a delivered notification before silence is taken for success; for backends whose protocol
   * has no answers. Default: 5.
   */
  readonly messageGrace?: number | undefined
  /** Called with an {@link ApnsError} for each notification that will not be delivered, and for configuration errors. */
  readonly errorHandler?: ((error: ApnsError) => unknown) | undefined
  /** The topic of messages that name none: the app's bundle id. Suffixes of push types are added where they are needed. */
  readonly topic?: string | undefined
  readonly logger?: Logger | undefined
}

/** A notification that `close` left behind. */
export interface Unsent {
  readonly message: Message
  /** Hex-encoded, in lower case. */
  readonly token: string
  readonly apnsId: string
  /** `cancelled`: never sent; `unknown`: sent, but not answered. */
  readonly code: 'cancelled' | 'unknown'
}

export interface CloseReport {
  /** What was not delivered for sure. Empty when everything was settled in time. */
  readonly unsent: readonly Unsent[]
}

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
}

const DEFAULT_MESSAGE_GRACE = 5
const DEFAULT_CLOSE_TIMEOUT = 30

/**
 * Sends Apple push notifications: one queue, and the backend that empties it. A single one is enough for most
 * purposes; it opens as many connections as it needs.
 *
 * Credentials are read and checked when it is made; it connects when there is something to send. Whoever makes one
 * closes it: `await apns.close()`, or `await using`.
 */
export class ApnsManager {
  readonly #queue: NotificationQueue
  readonly #backend: Backend
  readonly #purgeTimer: PurgeTimer | undefined
  readonly #open = new Set<Delivery>()
  readonly #counts = { accepted: 0, refused: 0, expired: 0, unknown: 0, cancelled: 0 }
  readonly #owner: DeliveryOwner
  readonly #logger: Logger
  #closing: Promise<CloseReport> | undefined

  /**
   * @throws {CredentialError} for a credential that cannot work, with the cause in words
   * @throws {TypeError} for any other option that makes no sense
   */
  constructor(options: ApnsManagerOptions) {
    const BackendClass = options.backend ?? Http2Backend
    if (!isBackendClass(BackendClass))
      throw new TypeError('backend is not a subclass of Backend; see loadBackend')
    const grace =
      BackendClass.settlesEach === true ? Number.POSITIVE_INFINITY : checkedGrace(options.messageGrace)
    this.#logger = options.logger ?? DEFAULT_LOGGER
    this.#queue = new NotificationQueue(grace)
    this.#purgeTimer = Number.isFinite(grace) ? new PurgeTimer(this.#queue) : undefined
    this.#owner = {
      deliverySettled: (failure) => this.#count(failure),
      deliveryDone: (delivery) => this.#open.delete(delivery),
      cancelDelivery: (delivery) =>
        this.#queue.discard((_message, observer) => (observer === delivery ? CANCELLED : undefined)),
    }
    this.#backend = new BackendClass({
      ...options,
      environment: checkedEnvironment(options.environment),
      topic: checkedTopic(options.topic),
      queue: this.#queue,
    })
    this.#queue.setBackend(this.#backend)
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
   */
  sendMessage(message: Message): Delivery {
    if (this.#closing !== undefined) throw new Error('this ApnsManager is closed; make a new one')
    this.#backend.checkMessage(message)
    const delivery = new Delivery(message, this.#owner)
    if (message.length > 0) this.#open.add(delivery)
    this.#queue.append(message, delivery)
    this.#purgeTimer?.start()
    return delivery
  }

  /**
   * Sends any number of messages, in bounded memory, and yields each token's outcome as it is known.
   *
   * @param options.window how many notifications may be on their way before the next message is taken; default 10,000
   */
  stream(
    messages: Iterable<Message> | AsyncIterable<Message>,
    { window = DEFAULT_STREAM_WINDOW }: { readonly window?: number } = {},
  ): AsyncGenerator<StreamOutcome, void, undefined> {
    if (!(window >= 1))
      throw new RangeError(`window is ${String(window)}; give a number of notifications, 1 or more`)
    return streamOutcomes(messages, (message) => this.sendMessage(message), window)
  }

  /**
   * Waits until everything that was queued before is settled, by an answer or by the grace period.
   *
   * @throws {ApnsError} when a configuration error has stopped the line, or stops it meanwhile: it would wait for ever
   */
  flushMessages(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve()
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
   */
  getFeedback(callback: (feedback: Feedback) => unknown): Subscription {
    if (this.#closing !== undefined) throw new Error('this ApnsManager is closed; make a new one')
    return this.#backend.startFeedback(callback)
  }

  /** The configuration error that has stopped the line, if one has. */
  get paused(): ApnsError | undefined {
    return this.#backend.paused
  }

  /** Continues after a configuration error, once its cause is mended. */
  resume(): void {
    this.#backend.resume()
  }

  stats(): ManagerStats {
    const { connections, retried } = this.#backend.stats()
    return {
      queued: this.#queue.unclaimedCount,
      inFlight: this.#queue.claimedCount,
      ...this.#counts,
      retried,
      connections,
      paused: this.#backend.paused !== undefined,
    }
  }

  /**
   * Sends what is queued, then disconnects. From then on nothing of this manager keeps the process alive, and every
   * promise it gave is settled. Idempotent: later calls give the same report.
   *
   * @param options.timeout seconds to wait for what is queued; default 30. What is not settled then, or can not be
   *   because a configuration error has stopped the line, is in the report, and fails as `cancelled` or `unknown`.
   */
  close({ timeout = DEFAULT_CLOSE_TIMEOUT }: { readonly timeout?: number } = {}): Promise<CloseReport> {
    this.#closing ??= this.#close(timeout)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(timeout: number): Promise<CloseReport> {
    await this.#drain(timeout)
    const unsent: Unsent[] = []
    const leave = (notification: Notification, code: Unsent['code']): void => {
      unsent.push({
        message: notification.message,
        token: notification.token,
        apnsId: notification.apnsId,
        code,
      })
    }
    this.#queue.discard(
      () => CLOSED,
      (notification) => leave(notification, 'cancelled'),
    )
    try {
      await this.#backend.stop()
    } catch (cause) {
      this.#logger.error('the backend failed to stop', { cause })
    }
    this.#purgeTimer?.stop()
    for (const notification of this.#queue.unsettled()) {
      leave(notification, 'unknown')
      this.#queue.settle(notification, LOST)
    }
    // What the backend gave back while it stopped was not sent.
    this.#queue.discard(
      () => CLOSED,
      (notification) => leave(notification, 'cancelled'),
    )
    return { unsent }
  }

  async #drain(timeout: number): Promise<void> {
    if (this.#open.size === 0) return
    let timer: NodeJS.Timeout | undefined
    const timedOut = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(timeout * 1000, MAX_TIMER_MS))
    })
    // A line that is stopped will not move while nobody can resume it any more.
    const flushed = this.flushMessages().catch(() => {})
    await Promise.race([flushed, timedOut])
    clearTimeout(timer)
  }

  #startBackend(): void {
    const failed = (cause: unknown): void => {
      this.#backend.deliveryError(new ApnsError(localFailure('BackendFailed', cause)))
      this.#logger.error('the backend could not be started', { cause })
    }
    const started = this.#backend.start()
    if (started instanceof Promise) started.catch(failed)
  }

  #count(failure: Failure | undefined): void {
    if (failure === undefined) this.#counts.accepted++
    else if (failure.code === 'configuration') this.#counts.refused++
    else this.#counts[failure.code]++
  }
}

const CANCELLED = localFailure('Cancelled')
const CLOSED = localFailure('Closed')
const LOST = localFailure('ConnectionLost')
/** The longest that `setTimeout` can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1

function checkedGrace(grace: number | undefined): number {
  if (grace === undefined) return DEFAULT_MESSAGE_GRACE
  if (!(Number.isFinite(grace) && grace >= 0)) {
    throw new TypeError(`messageGrace is ${String(grace)}; give seconds, 0 or more`)
  }
  return grace
}
