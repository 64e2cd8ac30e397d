import type { CredentialStats } from '../credentials/credential-stats.js'
import type { CredentialOptions } from '../credentials/credentials.js'
import { sendingPaused, sendingResumed } from '../diagnostics/channels.js'
import type { TrafficStats } from '../diagnostics/traffic.js'
import type { ApnsError } from '../error.js'
import type { Feedback, Subscription } from '../feedback.js'
import { callSafely, type Logger, SafeLogger } from '../logger.js'
import { checkedName } from '../manager-options.js'
import type { Message } from '../message.js'
import type { NotificationQueue, QueueListener, QueueLock } from '../queue.js'
import type { Environment } from './environment.js'

/** What a manager gives its backend: all of the manager's own options, and the queue. */
export interface BackendOptions extends CredentialOptions {
  readonly queue: NotificationQueue
  readonly environment: Environment
  /** Hears of each notification that will not be delivered, and of configuration errors. */
  readonly errorHandler?: ((error: ApnsError) => unknown) | undefined
  readonly logger?: Logger | undefined
  /** The topic of messages that name none. */
  readonly topic?: string | undefined
  /** Other options of the manager, for backends that know them. */
  readonly [option: string]: unknown
}

/** What a backend can tell of itself. */
export interface BackendStats {
  /** Open connections. */
  readonly connections: number
  /** How many times a notification went back to the queue to be sent again. */
  readonly retried: number
  /** How it is with its credential, where it knows. */
  readonly credential?: CredentialStats | undefined
  /** What went over the network, where it counts that. */
  readonly traffic?: TrafficStats | undefined
}

/** A backend's class, as `ApnsManager` takes it. */
export interface BackendClass {
  new (options: BackendOptions): Backend
  /**
   * True for a backend that settles each notification itself. The manager's queue then has no grace period: silence
   * is not success. Default: false, as in the original library.
   */
  readonly settlesEach?: boolean
  /** True for a backend that sends to channels, and not to devices. Default: false. */
  readonly sendsBroadcasts?: boolean
}

const NO_LOCK: QueueLock = { acquire() {}, release() {} }

/**
 * Takes notifications from the queue and brings them to where they belong. Subclass it to send in another way.
 *
 * A subclass overrides `start`, `stop`, `queueNotify` and `startFeedback`. When `queueNotify` is called, or whenever
 * it likes, it claims notifications from `queue`, sends them, and says what became of each: `queue.settle` for a
 * success, `deliveryError` for a failure, `queue.requeue` or `queue.unclaim` to have it claimed again. A protocol in
 * which silence means success leaves a claimed notification alone (the queue's grace period settles it) and calls
 * `queue.backtrack` when it learns of an error.
 *
 * A subclass with a constructor of its own must accept any options and pass them on.
 */
export abstract class Backend implements QueueListener {
  readonly queue: NotificationQueue
  readonly environment: Environment
  /** Path to the client key, where it was given as a path. */
  readonly keyPath: string | undefined
  /** Path to the client certificate, where it was given as a path. */
  readonly certPath: string | undefined
  /** What the manager is called in events. */
  readonly managerName: string
  /** The manager's logger, made safe: it never throws. */
  readonly logger: Logger
  readonly #errorHandler: ((error: ApnsError) => unknown) | undefined
  readonly #pauseListeners = new Set<(error: ApnsError) => void>()
  #paused: ApnsError | undefined

  constructor(options: BackendOptions) {
    this.queue = options.queue
    this.environment = options.environment
    this.keyPath = options.keyPath
    this.certPath = options.certPath
    this.managerName = checkedName(options['name'])
    this.logger = new SafeLogger(options.logger)
    this.#errorHandler = options.errorHandler
  }

  /**
   * Starts processing notifications. Called when the manager is made; what it throws, the manager's constructor throws.
   * When its promise rejects, the line is stopped, and `resume` calls it again.
   */
  abstract start(): void | Promise<void>

  /**
   * Stops processing notifications and lets go of everything that keeps the process alive. What is still claimed
   * afterwards is reported as of unknown fate. Must be idempotent, and take no more than a few seconds: the manager
   * does not wait for ever.
   */
  abstract stop(): void | Promise<void>

  /**
   * The queue may have something to claim. Called while the lock of `queueLock` is held. When it throws, the line is
   * stopped; nothing is lost, and `resume` calls it again.
   */
  abstract queueNotify(): void

  /**
   * Calls back for each device token that can not receive notifications any more, until it is cancelled. A backend that
   * learns of none returns nothing.
   */
  abstract startFeedback(callback: (feedback: Feedback) => unknown): Subscription | undefined

  /** The lock around the queue. JavaScript needs none, so this one does nothing, unless a subclass shares its queue. */
  queueLock(): QueueLock {
    return NO_LOCK
  }

  /** Resolves after some seconds. */
  sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  }

  /**
   * Throws for a message that this backend can not send, though others might. Nothing of it is queued then.
   *
   * @throws {MessageError}
   */
  checkMessage(_message: Message): void {}

  /** Why sending is paused: a configuration error. Undefined while it is not. */
  get paused(): ApnsError | undefined {
    return this.#paused
  }

  /**
   * Stops the line: every request would be refused like this one. Reported once; what is queued stays queued until
   * somebody calls `resume`.
   */
  pause(error: ApnsError): void {
    if (this.#paused !== undefined) return
    this.#paused = error
    if (sendingPaused.hasSubscribers) sendingPaused.publish({ manager: this.managerName, error })
    const text = `sending is paused: ${error.message} Then call resume().`
    // Without an errorHandler, the logger is the only one to hear of it.
    if (this.hasErrorHandler) this.logger.warn(text, { error })
    else this.logger.error(text, { error })
    this.deliveryError(error)
    for (const listener of [...this.#pauseListeners]) listener(error)
  }

  /** Continues after a configuration error, once its cause is mended. */
  resume(): void {
    if (this.#paused === undefined) return
    this.#paused = undefined
    if (sendingResumed.hasSubscribers) sendingResumed.publish({ manager: this.managerName })
    this.queueNotify()
  }

  /**
   * Calls back when the line is stopped.
   *
   * @returns a function that ends it
   */
  onPause(listener: (error: ApnsError) => void): () => void {
    this.#pauseListeners.add(listener)
    return () => this.#pauseListeners.delete(listener)
  }

  /**
   * Changes how many connections it may have; see `ApnsManager.setMaxConnections`, which has checked the number.
   *
   * @throws {TypeError} from a backend that has no such limit
   */
  setMaxConnections(_count: number, _timeoutMs?: number): Promise<void> {
    throw new TypeError('this backend has no limit on its connections that could be changed')
  }

  stats(): BackendStats {
    return { connections: 0, retried: 0 }
  }

  /** Whether anybody listens to errors; making one for nobody is a waste. */
  get hasErrorHandler(): boolean {
    return this.#errorHandler !== undefined
  }

  /**
   * Reports a permanent error. Where it names a notification (see `ApnsError.fromStatus`) that is claimed, or that
   * `backtrack` gave, this also settles it as failed.
   */
  deliveryError(error: ApnsError): void {
    if (error.notification !== undefined) this.queue.settle(error.notification, error)
    if (this.#errorHandler !== undefined) callSafely(this.#errorHandler, error, 'errorHandler', this.logger)
  }
}
