import type { Notification } from '../notification.js'
import {
  connectionClosed,
  connectionOpened,
  goAway,
  requestAnswered,
  requestSent,
  requestUnanswered,
  streamLimit,
} from './channels.js'
import type { ConnectionClosedEvent, Protocol } from './events.js'
import { attemptOf, type ConnectionCounts, type ConnectionStats, type Traffic } from './traffic.js'

/** A request, as far as its record goes. */
export interface RecordedRequest {
  readonly notification: Notification
  readonly status: number
  /** On the monotonic clock. */
  readonly dispatchedAtMs: number
}

/** Where it leads, and by which way. */
export interface RecordedTarget {
  readonly host: string
  readonly port: number
  readonly proxy: { readonly name: string } | undefined
}

/** Which lets one request wait, at least. */
const LIMIT_BEFORE_SETTINGS = 1

let lastConnection = 0

/**
 * What one connection did: counted always, told to whoever subscribed. Its methods run for each notification, so they make
 * an event only where somebody wants it, and write it out in full: copying the common fields by spreading costs ten times
 * the rest of it.
 */
export class ConnectionRecord implements ConnectionCounts {
  sent = 0
  answered = 0
  readonly #traffic: Traffic
  readonly #manager: string
  readonly #protocol: Protocol
  readonly #target: RecordedTarget
  readonly #connection = ++lastConnection
  readonly #begunAtMs = performance.now()
  #openedAtMs: number | undefined
  #streamLimit: number
  #roundTripMs: number | undefined

  constructor(traffic: Traffic, protocol: Protocol, target: RecordedTarget) {
    this.#traffic = traffic
    this.#manager = traffic.manager
    this.#protocol = protocol
    this.#target = target
    this.#streamLimit = protocol === 'http2' ? LIMIT_BEFORE_SETTINGS : Number.POSITIVE_INFINITY
    traffic.begin(this)
  }

  /** It is open, or the server changed its limit. */
  allowed(limit: number): void {
    const previous = this.#streamLimit
    this.#streamLimit = limit
    if (this.#openedAtMs === undefined) this.opened()
    else if (limit !== previous && streamLimit.hasSubscribers)
      streamLimit.publish({
        manager: this.#manager,
        connection: this.#connection,
        streamLimit: limit,
        previous,
      })
  }

  opened(): void {
    this.#openedAtMs = performance.now()
    this.#traffic.connectionsOpened++
    if (!connectionOpened.hasSubscribers) return
    const duration = (this.#openedAtMs - this.#begunAtMs) / 1000
    connectionOpened.publish({ ...this.#whichAndWhere(), duration, streamLimit: this.#streamLimit })
  }

  requested(notification: Notification): void {
    this.sent++
    if (requestSent.hasSubscribers) this.#publishSent(notification)
  }

  accepted(request: RecordedRequest): void {
    this.answered++
    if (requestAnswered.hasSubscribers) this.#publishAnswered(request, undefined)
  }

  /** Any answer other than 200. */
  refused(request: RecordedRequest, reason: string): void {
    this.answered++
    this.#traffic.refused(request.status, reason)
    if (requestAnswered.hasSubscribers) this.#publishAnswered(request, reason)
  }

  /**
   * The gateway's error response.
   *
   * @param named gives the notification that it names, if that is waiting
   */
  gatewayRefused(gatewayStatus: number, named: () => Notification | undefined): void {
    this.answered++
    this.#traffic.refused(undefined, `gateway status ${gatewayStatus}`)
    if (!requestAnswered.hasSubscribers) return
    requestAnswered.publish({
      manager: this.#manager,
      connection: this.#connection,
      apnsId: named()?.apnsId,
      httpStatus: undefined,
      gatewayStatus,
      reason: undefined,
      duration: undefined,
    })
  }

  unanswered({ notification, dispatchedAtMs }: RecordedRequest, reason: string, unprocessed: boolean): void {
    this.#traffic.unanswered++
    if (!requestUnanswered.hasSubscribers) return
    const { apnsId } = notification
    requestUnanswered.publish({
      manager: this.#manager,
      connection: this.#connection,
      apnsId,
      reason,
      unprocessed,
      duration: secondsSince(dispatchedAtMs),
    })
  }

  goAway(lastStreamId: number, code: number, reason: string | undefined): void {
    if (!goAway.hasSubscribers) return
    goAway.publish({
      manager: this.#manager,
      connection: this.#connection,
      lastStreamId,
      code,
      reason,
    })
  }

  pinged(): void {
    this.#traffic.pings++
  }

  ponged(roundTripMs: number): void {
    this.#roundTripMs = roundTripMs
  }

  /**
   * @param end.failed whether it broke, or the server wanted its end before it served
   * @param isOurs whether its end was our own wish
   */
  closed({ cause, failed }: { cause: Error | undefined; failed: boolean }, isOurs: boolean): void {
    this.#traffic.end(this, failed)
    if (!connectionClosed.hasSubscribers) return
    connectionClosed.publish({
      ...this.#whichAndWhere(),
      why: failed ? 'fault' : isOurs ? 'ours' : 'server',
      cause,
      opened: this.#openedAtMs !== undefined,
      lifetime: this.#age(),
      sent: this.sent,
      answered: this.answered,
    })
  }

  stats(state: ConnectionStats['state'], streams: number): ConnectionStats {
    const roundTrip = this.#roundTripMs === undefined ? undefined : this.#roundTripMs / 1000
    return {
      connection: this.#connection,
      state,
      streams,
      streamLimit: this.#streamLimit,
      sent: this.sent,
      answered: this.answered,
      age: this.#age(),
      roundTrip,
    }
  }

  #publishSent(notification: Notification): void {
    const { apnsId, message } = notification
    const { pushType, payloadBytes } = message
    requestSent.publish({
      manager: this.#manager,
      connection: this.#connection,
      apnsId,
      pushType,
      payloadBytes,
      attempt: attemptOf(notification),
    })
  }

  #publishAnswered(
    { notification, status, dispatchedAtMs }: RecordedRequest,
    reason: string | undefined,
  ): void {
    requestAnswered.publish({
      manager: this.#manager,
      connection: this.#connection,
      apnsId: notification.apnsId,
      httpStatus: status,
      gatewayStatus: undefined,
      reason,
      duration: secondsSince(dispatchedAtMs),
    })
  }

  #age(): number {
    return this.#openedAtMs === undefined ? 0 : secondsSince(this.#openedAtMs)
  }

  #whichAndWhere(): Pick<
    ConnectionClosedEvent,
    'manager' | 'connection' | 'protocol' | 'host' | 'port' | 'proxy'
  > {
    const { host, port, proxy } = this.#target
    return {
      manager: this.#manager,
      connection: this.#connection,
      protocol: this.#protocol,
      host,
      port,
      proxy: proxy?.name,
    }
  }
}

function secondsSince(ms: number): number {
  return (performance.now() - ms) / 1000
}
