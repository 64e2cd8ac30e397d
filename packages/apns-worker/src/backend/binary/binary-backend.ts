import { CredentialError } from '../../credentials/credential-error.js'
import { loadCredentials } from '../../credentials/credentials.js'
import { ApnsError, localFailure } from '../../error.js'
import type { Feedback, Subscription } from '../../feedback.js'
import type { Message } from '../../message.js'
import { MessageError } from '../../message-error.js'
import { isTlsRefusal, type TlsTarget } from '../../net/tls-connect.js'
import type { Notification } from '../../notification.js'
import { type ErrorResponse, STATUS_SHUTDOWN } from '../../protocol/gateway/error-response.js'
import {
  type FrameFormat,
  frameBytes,
  GATEWAY_PAYLOAD_BYTES,
  writeFrame,
} from '../../protocol/gateway/frame.js'
import { Backend, type BackendOptions, type BackendStats } from '../backend.js'
import { environmentName } from '../environment.js'
import { resolveHttp2Options } from '../http2/options.js'
import { RetryPolicy } from '../http2/retry-policy.js'
import { readFeedback } from './feedback-client.js'
import { GatewayConnection, type GatewayConnectionOwner, type GatewayEnd } from './gateway-connection.js'
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
  readonly #format: FrameFormat
  readonly #gateway: TlsTarget
  readonly #feedback: TlsTarget
  readonly #connectTimeoutMs: number
  readonly #writeTimeoutMs: number
  readonly #maxAttempts: number
  readonly #policy: RetryPolicy
  readonly #feedbackReaders = new Set<Subscription>()
  #connection: GatewayConnection | undefined
  /** Connections in a row that came to nothing. */
  #failures = 0
  #backOffTimer: NodeJS.Timeout | undefined
  /** A gateway has taken us in: whatever fails from then on may pass. */
  #isProven = false
  #isStopped = false
  #isPumpScheduled = false
  #retried = 0

  constructor(options: BackendOptions) {
    super(options)
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
    const { gateway, feedback } = gatewayTargets(this.environment, credentials)
    this.#gateway = gateway
    this.#feedback = feedback
    const resolved = resolveHttp2Options(options)
    this.#policy = new RetryPolicy(resolved, Math.random)
    this.#connectTimeoutMs = resolved.connectTimeout * 1000
    this.#maxAttempts = resolved.maxAttempts
    // Half the grace: what did not leave by then is sent again before silence about it could be taken for success.
    const grace = options['messageGrace']
    this.#writeTimeoutMs = Math.max(1, (typeof grace === 'number' ? grace : DEFAULT_MESSAGE_GRACE) * 500)
  }

  /** Nothing to do yet: it connects when there is something to send. */
  override start(): void {}

  override async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#backOffTimer)
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
    const reader = readFeedback(this.#feedback, this.#connectTimeoutMs, callback, (cause) => {
      this.#feedbackReaders.delete(reader)
      if (cause === undefined) return
      this.logger.warn(`the feedback service failed: ${cause.message}`, { cause })
      this.deliveryError(new ApnsError(localFailure('FeedbackFailed', cause)))
    })
    this.#feedbackReaders.add(reader)
    return reader
  }

  override checkMessage({ encodedPayload }: Message): void {
    const limit = GATEWAY_PAYLOAD_BYTES[this.#format]
    if (encodedPayload.length > limit) {
      throw new MessageError(
        'PAYLOAD_TOO_LARGE',
        `payload has ${encodedPayload.length} bytes; the binary gateway takes at most ${limit}`,
      )
    }
  }

  override stats(): BackendStats {
    return { connections: this.#connection?.isOpen === true ? 1 : 0, retried: this.#retried }
  }

  // What the connection tells.

  ready(): void {
    this.queueNotify()
  }

  ended(connection: GatewayConnection, { response, cause }: GatewayEnd): void {
    if (connection !== this.#connection) return
    this.#connection = undefined
    if (this.#isStopped) return
    if (response !== undefined) {
      this.#isProven = true
      this.#responded(response)
    } else {
      this.#lost(cause)
    }
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
    const output = Buffer.allocUnsafeSlow(OUTPUT_BYTES)
    let at = 0
    for (
      let notification = this.queue.claim();
      notification !== undefined;
      notification = this.queue.claim()
    ) {
      if (isExpired(notification.message)) {
        this.queue.settle(notification, notification.doubt ?? EXPIRED)
        this.deliveryError(
          new ApnsError({
            ...(notification.doubt ?? EXPIRED),
            token: notification.token,
            apnsId: notification.apnsId,
          }),
        )
        continue
      }
      const fields = notification.frameFields
      if (at + frameBytes(this.#format, fields) > OUTPUT_BYTES) {
        this.queue.unclaim(notification)
        break
      }
      at = writeFrame(output, at, this.#format, fields)
    }
    if (at > 0) connection.write(output.subarray(0, at))
  }

  #connect(): void {
    if (this.#backOffTimer !== undefined) return
    const open = (): void => {
      this.#backOffTimer = undefined
      if (this.#isStopped || this.paused !== undefined || this.#connection !== undefined) return
      const timeouts = { connectMs: this.#connectTimeoutMs, writeMs: this.#writeTimeoutMs }
      this.#connection = new GatewayConnection(this.#gateway, timeouts, this)
    }
    if (this.#failures === 0) {
      open()
      return
    }
    this.#dropExpired()
    this.#backOffTimer = setTimeout(open, Math.min(this.#policy.backOffMs(this.#failures), MAX_BACK_OFF_MS))
  }

  /** While there is no connection nothing is claimed, so nothing else would notice that something has expired. */
  #dropExpired(): void {
    this.queue.discard(
      (message) => (isExpired(message) ? EXPIRED : undefined),
      (notification, failure) =>
        this.deliveryError(
          new ApnsError({ ...failure, token: notification.token, apnsId: notification.apnsId }),
        ),
    )
  }

  #responded({ status, ident }: ErrorResponse): void {
    const before = this.queue.claimedCount
    const notification = this.queue.backtrack(ident)
    this.#retried += Math.max(0, before - (notification === undefined ? 0 : 1))
    if (notification === undefined) {
      // Maybe its grace was over; all that was claimed goes again. Again and again if the gateway keeps saying so.
      this.#failures++
      this.logger.warn(
        `the gateway named a notification that is not waiting (status ${status}, ident ${ident})`,
      )
      return
    }
    this.#failures = 0
    if (status === STATUS_SHUTDOWN) this.queue.settle(notification)
    else this.deliveryError(ApnsError.fromStatus(status, notification))
  }

  #lost(cause: Error | undefined): void {
    this.queue.purgeExpired()
    const inDoubt = this.queue.claimedCount
    // An idle connection that the gateway closes in order is no failure.
    if (cause !== undefined || inDoubt > 0) {
      this.#failures++
      this.logger.warn(`connection lost: ${cause?.message ?? 'the gateway closed it'}`, { cause })
    }
    if (cause !== undefined && !this.#isProven && isTlsRefusal(cause)) {
      const failure = localFailure('TlsHandshake', cause)
      this.pause(new ApnsError({ ...failure, description: `${failure.description} ${cause.message}.` }))
    }
    for (const notification of this.queue.unsettled()) this.#doubt(notification)
    this.#retried += this.queue.claimedCount
    this.queue.backtrack(NO_IDENT)
  }

  /** It was written, and nobody knows whether it arrived: sent again, unless it may not be, or was often enough. */
  #doubt(notification: Notification): void {
    notification.doubt = CONNECTION_LOST
    notification.attempts++
    if (notification.message.ambiguous !== 'drop' && notification.attempts < this.#maxAttempts) return
    this.deliveryError(new ApnsError({ ...CONNECTION_LOST, notification }))
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
