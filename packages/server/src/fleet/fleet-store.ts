import type { Beat, BeatDecision } from './decide-beat.js'
import type { FleetMember } from './member.js'

/** Where the members of a fleet meet. Every call is one transaction, and no two heartbeats are at a time. */
export interface FleetStore {
  /** @throws {OutboxError} with one of the `STORE_` codes; then it may have been heard, or not */
  beat(beat: Beat): Promise<BeatAnswer>

  /** Those that are not dead. @throws {OutboxError} */
  members(): Promise<readonly FleetMember[]>

  /** Removes a record. @throws {OutboxError} */
  leave(incarnation: string): Promise<void>
}

export interface BeatAnswer {
  readonly decision: BeatDecision
  readonly resumes: Resumes
}

/** How often everything, and each lane, has been resumed, ever. Whoever sees a number rise has missed that many. */
export interface Resumes {
  readonly everything: number
  readonly lanes: Readonly<Record<string, number>>
}
