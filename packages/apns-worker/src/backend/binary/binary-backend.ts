import { CredentialError } from '../../credentials/credential-error.js'
import { loadCredentials } from '../../credentials/credentials.js'
import { ExpiryWarning } from '../../credentials/expiry-warning.js'
import { notificationRetry } from '../../diagnostics/channels.js'
import { Traffic } from '../../diagnostics/traffic.js'
import { ApnsError, type Failure, localFailure } from '../../error.js'
import type { Feedback, Subscription } from '../../feedback.js'
import type { Message } from '../../message.js'
import { MessageError } from '../../message-error.js'
import type { TlsTarget } from '../../net/tls-connect.js'
import type { Notification } from '../../notification.js'
import {
  type ErrorResponse,
  STATUS_PROTOCOL_ERROR,
  STATUS_SHUTDOWN,
} from '../../protocol/gateway/error-response.js'
import {
  type FrameFormat,
  frameBytes,
  GATEWAY_PAYLOAD_BYTES,
  writeFrame,
} from '../../protocol/gateway/frame.js'
import { Backend, type BackendOptions, type BackendStats } from '../backend.js'
import { connectionRefusal } from '../connection-refusal.js'
import { environmentName } from '../environment.js'
import { resolveNetworkOptions } from '../network-options.js'
import { RetryPolicy } from '../retry-policy.js'
import { readFeedback } from './feedback-client.js'
import { GatewayConnection, type GatewayConnectionOwner, type GatewayEnd } from './gateway-connection.js'
import { GraceRenewal } from './grace-renewal.js'
import { gatewayTargets } from './target.js'

const EXPIRED = localFailure('Expired')
const CONNECTION_LOST = localFailure('ConnectionLost')

/** How many bytes of frames go into one write. */
const OUTPUT_BYTES = 65_536
/** Failed attempts come back no slower than this. */
const MAX_BACK_OFF_MS = 60_000
const DEFAULT_MESSAGE_GRACE = 5
/** No notification has it: idents have 32 bits. */
const NO_IDENT = -1

/**
 * The original library's protocol: Apple's binary gateway, which Apple closed in March 2021, and which private relays and
 * test rigs still speak. It needs a client certificate.
 *
 * The gateway says nothing about a notification that it takes: silence for `messageGrace` seconds is success. Its one
 * word, an error response, names a notification: those before it have succeeded, those after it were discarded and are
 * sent again, on a new connection. A connection that is lost without a word leaves all that was claimed in doubt; it is
 * sent again, or reported as unknown, as the message says.
 */
export class BinaryBackend extends Backend implements GatewayConnectionOwner {
  /** What its connections tell of what they do. */
  readonly traffic: Traffic
  readonly #format: FrameFormat
  readonly #gateway: TlsTarget
  readonly #feedback: TlsTarget
  readonly #connectTimeoutMs: number
  readonly #writeTimeoutMs: number
  readonly #maxAttempts: number
  readonly #policy: RetryPolicy
  readonly #expiryWarning: ExpiryWarning
  readonly #graceRenewal: GraceRenewal
  readonly #feedbackReaders = new Set<Subscription>()
  #connection: GatewayConnection | undefined
  /** Connections in a row that came to nothing. */
  #failures = 0
  #backOffTimer: NodeJS.Timeout | undefined
  #backOffEndsAtMs = 0
  /** A buffer that was written, to be filled again. */
  #spareOutput: Buffer | undefined
  /** A gateway has taken us in: whatever fails from then on may pass. */
  #isProven = false
  #isStopped = false
  #isPumpScheduled = false
  #retried = 0

  constructor(options: BackendOptions) {
    super(options)
    this.traffic = new Traffic(this.managerName)
    this.#format = checkedFormat(options['frameFormat'])
    const credentials = loadCredentials(options, {
      environment: environmentName(this.environment),
      now: Date.now,
    })
    if (credentials.kind !== 'certificate') {
      throw new CredentialError(
        'CREDENTIALS_MISSING',
        'The binary gateway knows no provider tokens. Give a client certificate: { keyPath, certPath } or { pfxPath, passphrase }.',
      )
    }
    this.#expiryWarning = new ExpiryWarning(credentials.certificate, this.logger)
    this.#expiryWarning.check(Date.now())
    const { gateway, feedback } = gatewayTargets(this.environment, credentials, options['proxy'])
    this.#gateway = gateway
    this.#feedback = feedback
    const resolved = resolveNetworkOptions(options)
    this.#policy = new RetryPolicy(resolved, Math.random)
    this.#connectTimeoutMs = resolved.connectTimeout * 1000
    this.#maxAttempts = resolved.maxAttempts
    this.#writeTimeoutMs = resolved.requestTimeout * 1000
    const grace = options['messageGrace']
    const graceMs = (typeof grace === 'number' ? grace : DEFAULT_MESSAGE_GRACE) * 1000
    this.#graceRenewal = new GraceRenewal(this.queue, graceMs)
  }

  /** Nothing to do yet: it connects when there is something to send. */
  override start(): void {}

  override async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#backOffTimer)
    this.#graceRenewal.stop()
    for (const reader of this.#feedbackReaders) reader.cancel()
    this.#feedbackReaders.clear()
    await this.#connection?.close()
  }

  /** Continues at once: what failed before was mended. */
  override resume(): void {
    this.#failures = 0
    super.resume()
  }

  override queueNotify(): void {
    if (this.#isPumpScheduled || this.#isStopped) return
    this.#isPumpScheduled = true
    setImmediate(this.#pump)
  }

  override startFeedback(callback: (feedback: Feedback) => unknown): Subscription {
    const heard = (feedback: Feedback): void => {
      this.traffic.feedback(feedback.when)
      callback(feedback)
    }
    const reader = readFeedback(this.#feedback, this.#connectTimeoutMs, heard, (cause) => {
      this.#feedbackReaders.delete(reader)
      if (cause === undefined) return
      this.logger.warn(`the feedback service failed: ${cause.message}`, { cause })
      this.deliveryError(new ApnsError(localFailure('FeedbackFailed', cause)))
    })
    this.#feedbackReaders.add(reader)
    return {
      cancel: () => {
        reader.cancel()
        this.#feedbackReaders.delete(reader)
      },
    }
  }

  override checkMessage(message: Message): void {
    const { payloadBytes } = message
    const limit = GATEWAY_PAYLOAD_BYTES[this.#format]
    if (payloadBytes > limit) {
      throw new MessageError(
        'PAYLOAD_TOO_LARGE',
        `payload has ${payloadBytes} bytes; the binary gateway takes at most ${limit}`,
      )
    }
  }

  override stats(): BackendStats {
    const connection = this.#connection
    const backOffMs = this.#backOffTimer === undefined ? 0 : this.#backOffEndsAtMs - performance.now()
    const traffic = this.traffic.snapshot(
      connection === undefined ? [] : [connection.stats],
      Math.max(0, backOffMs) / 1000,
    )
    return { connections: connection?.isOpen === true ? 1 : 0, retried: this.#retried, traffic }
  }

  // What the connection tells.

  ready(): void {
    this.#graceRenewal.end()
    this.queueNotify()
  }

  ended(connection: GatewayConnection, { response, cause }: GatewayEnd): void {
    if (connection !== this.#connection) return
    this.#connection = undefined
    this.#graceRenewal.stop()
    const failed = !this.#isStopped && response === undefined && this.#isFault(cause, connection.frameCount)
    if (response !== undefined) connection.record.gatewayRefused(response.status, () => this.#named(response))
    connection.record.closed({ cause, failed }, this.#isStopped)
    if (this.#isStopped) return
    // All that is claimed was written on this connection. What is not any more has outlived its grace.
    if (connection.frameCount > this.queue.claimedCount) {
      this.#isProven = true
      this.#failures = 0
    }
    const unclaimed = this.queue.unclaimedCount
    if (response !== undefined) this.#responded(response)
    else this.#lost(cause, connection.frameCount)
    this.#retried += this.queue.unclaimedCount - unclaimed
    this.queueNotify()
  }

  /** Everything of one turn becomes one write; never more than the socket takes. */
  readonly #pump = (): void => {
    this.#isPumpScheduled = false
    if (this.#isStopped || this.paused !== undefined) return
    const connection = this.#connection
    if (connection === undefined) {
      if (this.queue.hasUnclaimed()) this.#connect()
      return
    }
    if (connection.hasRoom) this.#send(connection)
    // What is claimed has the manager's purge timer to wait for.
    connection.setReferenced(this.queue.hasUnclaimed())
    if (connection.hasRoom && this.queue.hasUnclaimed()) this.queueNotify()
  }

  #send(connection: GatewayConnection): void {
    if (!this.queue.hasUnclaimed()) return
    const output = this.#spareOutput ?? Buffer.allocUnsafeSlow(OUTPUT_BYTES)
    this.#spareOutput = undefined
    let at = 0
    let count = 0
    let first: Notification | undefined
    for (
      let notification = this.queue.claim();
      notification !== undefined;
      notification = this.queue.claim()
    ) {
      if (isExpired(notification.message)) {
        this.#fail(notification, notification.doubt ?? EXPIRED)
        continue
      }
      const fields = notification.frameFields
      if (at + frameBytes(this.#format, fields) > OUTPUT_BYTES) {
        this.queue.unclaim(notification)
        break
      }
      at = writeFrame(output, at, this.#format, fields)
      connection.record.requested(notification)
      first ??= notification
      count++
    }
    const written = (): void => {
      this.#spareOutput = output
    }
    if (count === 0) {
      written()
      return
    }
    connection.write(output.subarray(0, at), count, written)
    if (!connection.hasRoom) this.#graceRenewal.begin(first)
  }

  #connect(): void {
    if (this.#backOffTimer !== undefined) return
    const open = (): void => {
      this.#backOffTimer = undefined
      if (this.#isStopped || this.paused !== undefined || this.#connection !== undefined) return
      this.#expiryWarning.check(Date.now())
      const timeouts = { connectMs: this.#connectTimeoutMs, writeMs: this.#writeTimeoutMs }
      this.#connection = new GatewayConnection(this.#gateway, timeouts, this)
    }
    if (this.#failures === 0) {
      open()
      return
    }
    this.#dropExpired()
    const delayMs = Math.min(this.#policy.backOffMs(this.#failures), MAX_BACK_OFF_MS)
    this.#backOffEndsAtMs = performance.now() + delayMs
    this.#backOffTimer = setTimeout(open, delayMs)
  }

  /** While there is no connection nothing is claimed, so nothing else would notice that something has expired. */
  #dropExpired(): void {
    this.queue.discard(
      (message) => (isExpired(message) ? EXPIRED : undefined),
      (notification, failure) => this.#fail(notification, failure),
    )
  }

  #responded({ status, ident }: ErrorResponse): void {
    // A simple frame has no ident: whatever is named is none of ours.
    const isKnown = this.#format !== 'simple' && this.queue.isClaimed(ident)
    const isFirst = isKnown && this.queue.firstClaimed?.ident === ident
    if (status === STATUS_PROTOCOL_ERROR && !this.#isProven && (!isKnown || isFirst)) {
      this.#formatRefused(isFirst)
      return
    }
    this.#isProven = true
    if (!isKnown) {
      this.#failures++
      this.logger.warn(
        `the gateway named a notification that is not waiting (status ${status}, ident ${ident})`,
      )
      this.#doubtAll()
      return
    }
    this.#failures = 0
    const notification = this.#backtrack(ident, 'Discarded')
    if (notification === undefined) return
    if (status === STATUS_SHUTDOWN) this.queue.settle(notification)
    else this.deliveryError(ApnsError.fromStatus(status, notification))
  }

  /**
   * Our frames are well-formed; a gateway that has never taken one does not know their format.
   *
   * @param isFirst whether it names the first. Where it does not say, some may have been taken before
   */
  #formatRefused(isFirst: boolean): void {
    const failure = localFailure('FrameFormat')
    if (!isFirst) this.#dropDoubtful()
    this.#backtrack(NO_IDENT, failure.reason)
    this.pause(new ApnsError({ ...failure, status: STATUS_PROTOCOL_ERROR }))
  }

  #lost(cause: Error | undefined, frameCount: number): void {
    if (this.#isFault(cause, frameCount)) {
      this.#failures++
      // Some servers refuse a certificate without a word.
      const hint =
        frameCount === 0 && !this.#isProven ? ' at once; it may not trust the client certificate' : ''
      this.logger.warn(`connection lost: ${cause?.message ?? `the gateway closed it${hint}`}`, { cause })
    }
    const refusal = cause === undefined ? undefined : connectionRefusal(cause, this.#isProven)
    if (refusal !== undefined) this.pause(new ApnsError(refusal))
    this.#doubtAll()
  }

  /** Only one that was of use, and owes us nothing, may close in order: an idle one. Any other is tried less and less often. */
  #isFault(cause: Error | undefined, frameCount: number): boolean {
    return cause !== undefined || this.queue.claimedCount > 0 || frameCount === 0
  }

  /** The claimed notification that an error response names. */
  #named({ ident }: ErrorResponse): Notification | undefined {
    return this.#format === 'simple' ? undefined : this.queue.unsettled().find((each) => each.ident === ident)
  }

  /** See the queue's: all that was claimed after this one goes back, to be sent again. */
  #backtrack(ident: number, reason: string): Notification | undefined {
    const claimed = notificationRetry.hasSubscribers ? this.queue.unsettled() : []
    const notification = this.queue.backtrack(ident)
    for (const each of claimed) if (each.state === 'unclaimed') this.traffic.retrying(each, reason, 0)
    return notification
  }

  /** All that is claimed may have arrived, or not. */
  #doubtAll(): void {
    for (const notification of this.queue.unsettled()) this.#doubt(notification)
    this.#backtrack(NO_IDENT, CONNECTION_LOST.reason)
  }

  /** What must not arrive twice is reported as unknown; the rest may be sent again, whatever became of it. */
  #dropDoubtful(): void {
    for (const notification of this.queue.unsettled()) {
      notification.doubt = CONNECTION_LOST
      if (notification.message.ambiguous === 'drop') this.#fail(notification, CONNECTION_LOST)
    }
  }

  /** It was written, and nobody knows whether it arrived: sent again, unless it may not be, or was often enough. */
  #doubt(notification: Notification): void {
    notification.doubt = CONNECTION_LOST
    notification.attempts++
    if (notification.message.ambiguous !== 'drop' && notification.attempts < this.#maxAttempts) return
    this.#fail(notification, CONNECTION_LOST)
  }

  /** Settles it, unless it is out of the queue already, and reports it. */
  #fail(notification: Notification, failure: Failure): void {
    this.deliveryError(new ApnsError({ ...failure, notification }))
  }
}

function isExpired({ expiration }: Message): boolean {
  return expiration !== undefined && expiration > 0 && expiration * 1000 <= Date.now()
}

function checkedFormat(format: unknown): FrameFormat {
  if (format === undefined) return 'items'
  if (format === 'items' || format === 'enhanced' || format === 'simple') return format
  throw new TypeError(`frameFormat is ${String(format)}; it is 'items', 'enhanced' or 'simple'`)
}
