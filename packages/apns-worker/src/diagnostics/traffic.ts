import type { Notification } from '../notification.js'
import { feedbackReceived, notificationRetry } from './channels.js'

/** What has gone over the network since the manager was made, and how its connections are. */
export interface TrafficStats {
  /** Requests, or frames for the gateway, that were sent; one that is sent again counts again. */
  readonly sent: number
  /** Answers, by the class of their HTTP status; `other` is all else, such as a gateway's error responses. */
  readonly answered: StatusClasses
  /** Requests that never got an answer. They are in `answered` or here, or wait for their answer. */
  readonly unanswered: number
  /**
   * How many answers gave each reason, including those after which the notification was sent again. Apple has some thirty;
   * of names that are not Apple's there may be a few, and the rest is `other`.
   */
  readonly reasons: Readonly<Record<string, number>>
  /** Connections that opened. Rising while `stats().connections` does not: it reconnects. */
  readonly connectionsOpened: number
  /** Connections that broke, and those that the server refused or ended before they had served. */
  readonly connectionsFailed: number
  /** PINGs that were sent. */
  readonly pings: number
  /** Seconds until the next attempt to connect; 0 when none is put off. */
  readonly backOff: number
  /** The present connections. */
  readonly connections: readonly ConnectionStats[]
}

export interface StatusClasses {
  readonly '2xx': number
  readonly '4xx': number
  readonly '5xx': number
  readonly other: number
}

export interface ConnectionStats {
  /** Its number, as in the events. */
  readonly connection: number
  /**
   * - `connecting`: until the server's first SETTINGS, or until the gateway has taken us in.
   * - `probing`: its first request is not answered, and is the only one.
   * - `open`: it takes requests.
   * - `draining`: it takes no more; those that it has are answered.
   */
  readonly state: 'connecting' | 'probing' | 'open' | 'draining'
  /** Requests that wait for their answer; the gateway gives none, so always 0 there. */
  readonly streams: number
  /** How many the server allows: 1 until its first SETTINGS, Infinity where it sets no limit. */
  readonly streamLimit: number
  readonly sent: number
  readonly answered: number
  /** Seconds since it opened; 0 before. */
  readonly age: number
  /** Seconds that the last PING took; undefined before the first. */
  readonly roundTrip: number | undefined
}

/** From a backend that does not count. */
export const NO_TRAFFIC: TrafficStats = {
  sent: 0,
  answered: { '2xx': 0, '4xx': 0, '5xx': 0, other: 0 },
  unanswered: 0,
  reasons: {},
  connectionsOpened: 0,
  connectionsFailed: 0,
  pings: 0,
  backOff: 0,
  connections: [],
}

/** A server may make up reasons, and each is a name in the snapshot. */
const MAX_REASONS = 64
const MAX_REASON_LENGTH = 64
const OTHER = 'other'

/** What is counted for each request, and so by the connection alone, which costs least. */
export interface ConnectionCounts {
  readonly sent: number
  readonly answered: number
}

/** Counts what one manager's connections do; they tell it. */
export class Traffic {
  /** The manager's name. */
  readonly manager: string
  unanswered = 0
  connectionsOpened = 0
  pings = 0
  #connectionsFailed = 0
  readonly #present = new Set<ConnectionCounts>()
  /** Of connections that are over. */
  #sent = 0
  #answered = 0
  /** Answers other than 200, each connection's included; the rest are 2xx. */
  readonly #refused: Record<keyof StatusClasses, number> = { '2xx': 0, '4xx': 0, '5xx': 0, other: 0 }
  readonly #reasons = new Map<string, number>()

  constructor(manager: string) {
    this.manager = manager
  }

  begin(connection: ConnectionCounts): void {
    this.#present.add(connection)
  }

  /**
   * @param failed whether it broke, or the server wanted its end before it served
   */
  end(connection: ConnectionCounts, failed: boolean): void {
    if (failed) this.#connectionsFailed++
    this.#present.delete(connection)
    this.#sent += connection.sent
    this.#answered += connection.answered
  }

  /** An answer other than 200. */
  refused(httpStatus: number | undefined, reason: string): void {
    this.#refused[statusClass(httpStatus)]++
    const isNew = !this.#reasons.has(reason)
    const isTooMuch = isNew && (this.#reasons.size >= MAX_REASONS || reason.length > MAX_REASON_LENGTH)
    const name = isTooMuch ? OTHER : reason
    this.#reasons.set(name, (this.#reasons.get(name) ?? 0) + 1)
  }

  /** A notification went back to the queue. */
  retrying(notification: Notification, reason: string, delay: number): void {
    if (!notificationRetry.hasSubscribers) return
    const { apnsId } = notification
    notificationRetry.publish({
      manager: this.manager,
      apnsId,
      reason,
      delay,
      attempt: attemptOf(notification),
    })
  }

  feedback(when: Date, reason?: string, notification?: Notification): void {
    if (!feedbackReceived.hasSubscribers) return
    feedbackReceived.publish({ manager: this.manager, apnsId: notification?.apnsId, reason, when })
  }

  /**
   * @param backOff seconds until the next attempt to connect; 0 when none is put off
   */
  snapshot(connections: readonly ConnectionStats[], backOff: number): TrafficStats {
    let sent = this.#sent
    let answered = this.#answered
    for (const connection of this.#present) {
      sent += connection.sent
      answered += connection.answered
    }
    const refused = this.#refused
    return {
      sent,
      answered: { ...refused, '2xx': answered - refused['4xx'] - refused['5xx'] - refused.other },
      unanswered: this.unanswered,
      reasons: Object.fromEntries(this.#reasons),
      connectionsOpened: this.connectionsOpened,
      connectionsFailed: this.#connectionsFailed,
      pings: this.pings,
      backOff,
      connections,
    }
  }
}

/** Which attempt the next, or the present, one is. */
export function attemptOf(notification: Notification): number {
  return notification.attempts + 1
}

function statusClass(httpStatus: number | undefined): keyof StatusClasses {
  switch (Math.floor((httpStatus ?? 0) / 100)) {
    case 2:
      return '2xx'
    case 4:
      return '4xx'
    case 5:
      return '5xx'
    default:
      return OTHER
  }
}
