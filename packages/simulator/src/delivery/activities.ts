import type { Doubts } from '../doubts.js'
import type { Refusal } from '../refusal.js'
import type { ActivityUpdate } from './activity-faults.js'

/** What becomes of the tokens of Live Activities. */
export interface LiveActivityOptions {
  /** What a token answers whose activity has ended; default `ExpiredToken`. */
  readonly endedToken?: 'ExpiredToken' | 'Unregistered' | 'accept'
  /** Seconds from the push with the event `end` until its token answers so, by the simulator's clock; default 0. */
  readonly endsAfter?: number
}

/**
 * One token, or one channel.
 *
 *     new ──start──▶ push-to-start: stays so, and starts any number of activities
 *      ├──update───▶ update token ──end──▶ ended ──endsAfter──▶ refused
 *      └──end───────────────────────────────▲
 */
interface Activity {
  readonly use: 'start' | 'update'
  newest: number
  /** Milliseconds since 1970. */
  endedAt: number | undefined
}

/** Tokens kept; beyond that the oldest go. */
const ACTIVITIES = 100_000

/** The Live Activities that the pushes tell of. */
export class Activities {
  readonly #endedToken: 'ExpiredToken' | 'Unregistered' | 'accept'
  readonly #endsAfterMs: number
  readonly #expiredStatus: number
  readonly #activities = new Map<string, Activity>()

  constructor({ endedToken = 'ExpiredToken', endsAfter = 0 }: LiveActivityOptions, doubts: Doubts) {
    this.#endedToken = endedToken
    this.#endsAfterMs = endsAfter * 1000
    this.#expiredStatus = endedToken === 'ExpiredToken' ? doubts.expiredTokenStatus : 410
  }

  /** Why a push to this token is refused. `now`: milliseconds since 1970. */
  refuse(token: string, now: number): Refusal | undefined {
    const endedAt = this.#activities.get(token)?.endedAt
    if (endedAt === undefined || this.#endedToken === 'accept') return undefined
    if (now - endedAt < this.#endsAfterMs) return undefined
    const refusal = { status: this.#expiredStatus, reason: this.#endedToken }
    return this.#expiredStatus === 410 ? { ...refusal, timestamp: endedAt } : refusal
  }

  /** A push to a token was accepted. Returns in words why the device would ignore it. */
  update(token: string, { event, timestamp }: ActivityUpdate, now: number): string | undefined {
    const activity = this.#find(token, event === 'start' ? 'start' : 'update')
    if (event === 'start') {
      return activity.use === 'start' ? undefined : 'the token of an activity starts no other'
    }
    if (activity.use === 'start') return 'the token is a push-to-start token'
    if (activity.endedAt !== undefined) return 'the activity has ended'
    if (timestamp <= activity.newest) return '"timestamp" is not newer than the one before'
    activity.newest = timestamp
    if (event === 'end') activity.endedAt = now
    return undefined
  }

  /** The same for a channel, which outlives its activities. */
  broadcast(channel: string, { event, timestamp }: ActivityUpdate): string | undefined {
    if (event === 'start') return 'a broadcast starts no activity'
    const activity = this.#find(channel, 'update')
    if (timestamp <= activity.newest) return '"timestamp" is not newer than the one before'
    activity.newest = timestamp
    return undefined
  }

  /** The activity with this token is over: it was dismissed, say. */
  end(token: string, now: number): void {
    this.#find(token, 'update').endedAt = now
  }

  #find(token: string, use: Activity['use']): Activity {
    const known = this.#activities.get(token)
    if (known !== undefined) return known
    const [oldest] = this.#activities.keys()
    if (oldest !== undefined && this.#activities.size >= ACTIVITIES) this.#activities.delete(oldest)
    const activity: Activity = { use, newest: Number.NEGATIVE_INFINITY, endedAt: undefined }
    this.#activities.set(token, activity)
    return activity
  }
}
