import { credentialStats } from '../../credentials/credential-stats.js'
import { type Credentials, loadCredentials } from '../../credentials/credentials.js'
import { ExpiryWarning } from '../../credentials/expiry-warning.js'
import { Traffic } from '../../diagnostics/traffic.js'
import { ApnsError, type Failure, localFailure } from '../../error.js'
import type { Feedback, Subscription } from '../../feedback.js'
import type { Message } from '../../message.js'
import { checkGuess } from '../../message-checks.js'
import type { Notification } from '../../notification.js'
import { classify } from '../../reason.js'
import { Backend, type BackendOptions, type BackendStats } from '../backend.js'
import { connectionRefusal } from '../connection-refusal.js'
import { environmentName } from '../environment.js'
import { type ResolvedNetworkOptions, resolveNetworkOptions } from '../network-options.js'
import { RetryPolicy } from '../retry-policy.js'
import { Account } from './account.js'
import { ClockCheck } from './clock-check.js'
import type { Connection } from './connection.js'
import type { ConnectionEnd, ConnectionOwner, NoAnswer } from './connection-owner.js'
import { type Exchange, OK } from './exchange.js'
import { ConnectionPool } from './pool.js'
import { Resender } from './resender.js'
import { parseRetryAfter } from './retry-after.js'
import { type HeadWriter, type Http2Service, NOTIFICATIONS } from './service.js'
import { authorityOf } from './target.js'
import { verdictOn } from './verdict.js'

const EXPIRED = localFailure('Expired')
const CONNECTION_LOST = localFailure('ConnectionLost')
const REQUEST_RESET = localFailure('RequestReset')
const REQUEST_TIMEOUT = localFailure('RequestTimeout')
const STREAM_REFUSED = localFailure('StreamRefused')

/**
 * The default backend: Apple's provider API, over HTTP/2.
 *
 * It claims notifications while its connections take them, and decides what each answer, or the lack of one, means.
 * Everything that wants it to look again (new work, an answer, a retry that is due, a socket that drained) schedules
 * one `#pump`, which runs once in a turn of the event loop: many notifications become one write to the socket.
 */
export class Http2Backend extends Backend implements ConnectionOwner {
  /** Each notification is answered, so silence is never success. */
  static readonly settlesEach: boolean = true

  /** What its connections tell of what they do. */
  readonly traffic: Traffic
  readonly #credentials: Credentials
  readonly #options: ResolvedNetworkOptions
  readonly #resender: Resender
  readonly #pool: ConnectionPool
  readonly #service: Http2Service
  readonly #writer: HeadWriter
  readonly #account: Account
  readonly #clock: ClockCheck
  readonly #expiryWarning: ExpiryWarning | undefined
  readonly #certificateTopics: readonly string[]
  /** How many notifications were sent over throttled connections. */
  #probes = 0
  #everConnected = false
  #stopped = false
  #pumpScheduled = false
  #retryTimer: NodeJS.Timeout | undefined

  /**
   * @param service another one than that for notifications, for a subclass
   */
  constructor(options: BackendOptions, service: Http2Service = NOTIFICATIONS) {
    super(options)
    this.#service = service
    this.traffic = new Traffic(this.managerName)
    this.#credentials = loadCredentials(options, {
      environment: environmentName(this.environment),
      now: Date.now,
    })
    this.#options = resolveNetworkOptions(options)
    const policy = new RetryPolicy(this.#options, Math.random)
    this.#resender = new Resender(this.queue, policy, this.traffic, (notification, failure) =>
      this.#report(notification, failure),
    )
    const target = service.target(options, this.#credentials)
    this.#pool = new ConnectionPool(target, this.#options, policy, this)
    this.#writer = service.headWriter(authorityOf(target))
    this.#account = new Account(options.topic, this.#options.badTokenLimit, this.logger)
    this.#clock = new ClockCheck(this.logger)
    const certificate = this.#credentials.kind === 'certificate' ? this.#credentials.certificate : undefined
    this.#certificateTopics = certificate?.topics.map(({ topic }) => topic) ?? []
    this.#expiryWarning = certificate && new ExpiryWarning(certificate, this.logger)
    this.#expiryWarning?.check(Date.now())
  }

  /** Nothing to do yet: it connects when there is something to send. */
  override start(): void {}

  override async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#retryTimer)
    await this.#pool.close()
  }

  override queueNotify(): void {
    if (this.#pumpScheduled || this.#stopped) return
    this.#pumpScheduled = true
    setImmediate(this.#pump)
  }

  override startFeedback(callback: (feedback: Feedback) => unknown): Subscription {
    return this.#account.feedback.subscribe(callback)
  }

  override checkMessage(message: Message): void {
    this.checkFor(this.#account, message)
  }

  /** @internal `checkMessage`, for one app. */
  checkFor({ topic: defaultTopic, suffixOf }: Account, message: Message): void {
    if (suffixOf !== undefined && defaultTopic !== undefined) checkGuess(message, defaultTopic, suffixOf)
    // A certificate for a single topic says it itself (Apple, "Sending notification requests to APNs").
    const topicRequired = this.#credentials.kind === 'token' || this.#certificateTopics.length > 1
    const topic = this.#writer.topicOf(message, defaultTopic)
    this.#service.check(message, topic, this.#certificateTopics, topicRequired)
  }

  /** Continues with new connections: what was refused over the old ones may be bound to them. */
  override resume(): void {
    if (this.paused === undefined) return
    this.#account.guard.reset()
    this.retireConnections()
    super.resume()
  }

  override setMaxConnections(count: number, timeoutMs?: number): Promise<void> {
    const isMet = this.#pool.setLimit(count, timeoutMs)
    this.queueNotify()
    return isMet
  }

  /** @internal What is sent from now on goes over new connections. */
  retireConnections(): void {
    this.#pool.retireAll()
  }

  /** @internal The app that a notification is sent for: all are for one, unless a subclass knows more. */
  accountOf(_notification: Notification): Account {
    return this.#account
  }

  override stats(): BackendStats {
    const traffic = this.traffic.snapshot(this.#pool.stats, this.#pool.backOff)
    const credential = credentialStats(this.#credentials, Date.now())
    return { connections: this.#pool.connectedCount, retried: this.#resender.retried, credential, traffic }
  }

  // What the connections tell.

  answered(connection: Connection, exchange: Exchange): void {
    if (exchange.date !== undefined) this.#compareClocks(exchange, exchange.date)
    if (exchange.status === OK) {
      connection.record.accepted(exchange)
      this.accountOf(exchange.notification).guard.prove()
      this.queue.settle(exchange.notification, undefined, exchange.uniqueId)
    } else {
      this.#refused(connection, exchange)
    }
    if (connection.isUsable) this.#pool.succeeded(connection)
  }

  unanswered(connection: Connection, exchange: Exchange, why: NoAnswer): void {
    const { notification } = exchange
    const failure = failureOf(why)
    connection.record.unanswered(exchange, failure.reason, why.unprocessed)
    // What a GOAWAY left out is paced by the pool's back-off, if the server keeps going away.
    if (why.unprocessed && why.cause === 'goaway') this.#resender.putBack(notification, failure)
    else if (why.unprocessed) this.#resender.sendUnprocessed(notification, failure)
    // Nobody will send it again, so it stays claimed: the manager reports it as of unknown fate.
    else if (this.#stopped) return
    else if (notification.message.ambiguous === 'drop') this.#resender.giveUp(notification, failure)
    else this.#resender.sendAgain(notification, failure, 'promptly')
  }

  changed(_connection: Connection): void {
    this.queueNotify()
  }

  goingAway(_connection: Connection, reason: string): void {
    const { class: klass, status, description, action } = classify(0, reason)
    if (klass === 'configuration')
      this.#stopLine({ code: 'configuration', reason, status, description, action })
  }

  closed(connection: Connection, end: ConnectionEnd): void {
    this.#pool.remove(connection, end)
    if (end.connected) this.#everConnected = true
    if (end.cause !== undefined && !this.#stopped) {
      this.logger.warn(`connection lost: ${end.cause.message}`, { cause: end.cause })
      const refusal = connectionRefusal(end.cause, this.#everConnected)
      if (refusal !== undefined) this.#stopLine(refusal)
    }
    this.queueNotify()
  }

  /** Gives the connections what they take, writes it, and sees to it that this happens again when it has to. */
  readonly #pump = (): void => {
    this.#pumpScheduled = false
    if (this.#stopped) return
    const nowMs = performance.now()
    for (const connection of this.#pool.connections) {
      if (this.paused === undefined) this.#fill(connection, nowMs)
      connection.flush()
    }
    if (this.paused === undefined) this.#seeToTheRest()
    const busy = !this.queue.isEmpty() && this.paused === undefined
    for (const connection of this.#pool.connections)
      connection.setReferenced(busy || connection.openStreams > 0)
  }

  #fill(connection: Connection, nowMs: number): void {
    const { queue } = this
    const providerToken = this.#credentials.kind === 'token' ? this.#credentials.tokens.current() : undefined
    while (connection.capacity > 0) {
      const notification = connection.isThrottled ? this.#claimProbe() : queue.claim()
      if (notification === undefined) return
      const { sendBy } = notification.message
      if (sendBy !== undefined && sendBy > 0 && sendBy * 1000 <= Date.now()) {
        this.#resender.giveUp(notification, notification.doubt ?? EXPIRED)
        continue
      }
      const { topic } = this.accountOf(notification)
      const head = this.#writer.prepare(notification, providerToken, topic)
      connection.send(notification, head, providerToken, nowMs)
    }
  }

  /**
   * One refusal after the other keeps a connection throttled, one notification a round trip. Dead tokens come in clusters,
   * such as the oldest of a list that is in order of age; so every other one is taken from the other end.
   */
  #claimProbe(): Notification | undefined {
    return this.#probes++ % 2 === 0 ? this.queue.claimLast() : this.queue.claim()
  }

  /** What the present connections did not take: more connections, or a look at the time when it is due. */
  #seeToTheRest(): void {
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    if (!this.queue.hasUnclaimed()) {
      const seconds = this.queue.nextRetryIn()
      if (seconds !== undefined)
        this.#retryTimer = setTimeout(() => this.queueNotify(), Math.ceil(seconds * 1000))
    } else if (this.#hasCapacity()) {
      // A retry that came due after the connections were filled: nothing else would wake us for it.
      this.queueNotify()
    } else {
      this.#expiryWarning?.check(Date.now())
      this.#pool.grow(() => {
        this.#dropExpired()
        this.queueNotify()
      })
    }
  }

  #hasCapacity(): boolean {
    for (const connection of this.#pool.connections) if (connection.capacity > 0) return true
    return false
  }

  /** While there is no connection nothing is claimed, so nothing else would notice that something has expired. */
  #dropExpired(): void {
    const nowSeconds = Date.now() / 1000
    this.queue.discard(
      ({ sendBy }) => (sendBy !== undefined && sendBy > 0 && sendBy <= nowSeconds ? EXPIRED : undefined),
      (notification, failure) => this.#report(notification, failure),
    )
  }

  #compareClocks({ dispatchedAtMs }: Exchange, date: string): void {
    const nowMs = Date.now()
    this.#clock.heard(date, nowMs - (performance.now() - dispatchedAtMs), nowMs)
  }

  #refused(connection: Connection, exchange: Exchange): void {
    const { notification } = exchange
    const { kind, failure } = verdictOn(exchange.status, exchange.responseBody)
    connection.record.refused(exchange, failure.reason)
    switch (kind) {
      case 'refused':
        this.#refusedForGood(notification, failure)
        break
      case 'later':
        if (failure.reason === 'Shutdown' || failure.reason === 'TooManyProviderTokenUpdates')
          connection.retire('server')
        this.#resender.sendAgain(notification, failure, parseRetryAfter(exchange.retryAfter, Date.now()))
        break
      case 'renew':
        this.#renewToken(connection, exchange, failure)
        break
      case 'reconnect':
        connection.retire('server')
        this.#resender.sendAgain(notification, failure, 'promptly')
        break
      case 'stop':
        this.#resender.putBack(notification, failure)
        this.#stopLine(failure)
        break
      default:
        kind satisfies never
    }
  }

  #refusedForGood(notification: Notification, failure: Failure): void {
    const { guard, feedback } = this.accountOf(notification)
    if (failure.reason === 'BadDeviceToken' && guard.badToken()) {
      this.#resender.putBack(notification, failure)
      this.#stopLine(localFailure('WrongEnvironment'))
      return
    }
    if (failure.reason === 'Unregistered' || failure.reason === 'ExpiredToken') {
      guard.prove()
      const when = failure.timestamp ?? new Date()
      this.traffic.feedback(when, failure.reason, notification)
      feedback.add(notification.token, when, failure.reason)
    }
    this.#resender.giveUp(notification, failure)
  }

  /** However many requests an old token hits, it is renewed once; all of them go again. */
  #renewToken(connection: Connection, { notification, providerToken }: Exchange, failure: Failure): void {
    if (this.#credentials.kind !== 'token' || providerToken === undefined) {
      this.#resender.giveUp(notification, failure)
      return
    }
    if (this.#credentials.tokens.expired(providerToken) === 'too-soon') {
      this.#resender.putBack(notification, failure)
      this.#stopLine(this.#clock.explain(localFailure('ClockSkew')))
      return
    }
    // A connection may not see its token change more than once in 20 minutes, so the new one starts on a new one.
    connection.retire()
    this.#resender.sendAgain(notification, failure, 'promptly')
  }

  #report(notification: Notification, failure: Failure): void {
    if (this.hasErrorHandler) this.deliveryError(new ApnsError({ ...failure, notification }))
  }

  #stopLine(failure: Failure): void {
    if (!this.#stopped) this.pause(new ApnsError(failure))
  }
}

function failureOf({ cause, unprocessed }: NoAnswer): Failure {
  switch (cause) {
    case 'timeout':
      return REQUEST_TIMEOUT
    case 'peer':
      return unprocessed ? STREAM_REFUSED : REQUEST_RESET
    case 'protocol':
      return REQUEST_RESET
    case 'goaway':
    case 'failed':
    case 'lost':
      return CONNECTION_LOST
    default:
      return cause satisfies never
  }
}
