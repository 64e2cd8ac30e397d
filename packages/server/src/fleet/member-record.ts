import type { MemberRole, MemberState } from './member.js'

/** A process of a fleet, as the table has it. */
export interface MemberRecord {
  readonly incarnation: string
  readonly owner: string
  readonly role: MemberRole
  readonly sinceMs: number
  /** How many heartbeats there were, so that whoever watches sees one that is younger than the clock can tell. */
  readonly beats: number
  readonly heardAtMs: number
  readonly isLeader: boolean
  /** Another has come under its name. What it had is still its own until it is dead: it may be alive, and not know. */
  readonly isReplaced: boolean
  readonly lines: LineRecords
  readonly state: MemberState
}

/** By the line's name. */
export type LineRecords = Readonly<Record<string, LineRecord>>

export interface LineRecord {
  /** Of all members together, as this one's configuration says; null when it does not serve the line any more. */
  readonly limit: number | null
  /** How many connections it may have open: never fewer than it has. */
  readonly held: number
}
