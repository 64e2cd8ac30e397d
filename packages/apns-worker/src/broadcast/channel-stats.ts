import { channelRequestSettled } from '../diagnostics/channels.js'
import { Traffic, type TrafficStats } from '../diagnostics/traffic.js'
import type { ChannelCall } from './channel-call.js'
import type { ChannelErrorCode } from './channel-error.js'

/** Counters since a `ChannelManager` was made, and how things are now. */
export interface ChannelStats extends Readonly<Record<ChannelErrorCode, number>> {
  /** Requests that are not settled. */
  readonly pending: number
  readonly succeeded: number
  /** How many times a request was sent again. */
  readonly retried: number
  /** Connections that are open. */
  readonly connections: number
  /** What went over the network. */
  readonly traffic: TrafficStats
}

/** Why a call has failed. */
export interface CallFailure {
  readonly code: ChannelErrorCode
  readonly reason: string
  readonly httpStatus?: number | undefined
}

/** What became of one manager's requests: counted always, told to whoever subscribed. */
export class ChannelRecord {
  readonly traffic: Traffic
  readonly #counts = { succeeded: 0, refused: 0, configuration: 0, unknown: 0, unreachable: 0, closed: 0 }
  #retried = 0

  /**
   * @param manager the manager's name
   */
  constructor(manager: string) {
    this.traffic = new Traffic(manager)
  }

  sending(call: ChannelCall): void {
    if (call.sent++ > 0) this.#retried++
  }

  /**
   * @param httpStatus of the answer, to a success
   */
  settled(call: ChannelCall, httpStatus: number | undefined, failure?: CallFailure): void {
    const outcome = failure?.code ?? 'succeeded'
    this.#counts[outcome]++
    if (!channelRequestSettled.hasSubscribers) return
    const { operation, topic, channelId, requestId } = call.request
    channelRequestSettled.publish({
      manager: this.traffic.manager,
      operation,
      topic,
      channelId,
      requestId,
      outcome,
      reason: failure?.reason,
      httpStatus: failure === undefined ? httpStatus : failure.httpStatus,
      attempts: call.sent,
      duration: call.elapsedMs / 1000,
    })
  }

  stats(now: Pick<ChannelStats, 'pending' | 'connections' | 'traffic'>): ChannelStats {
    return { ...this.#counts, retried: this.#retried, ...now }
  }
}
