import type { FleetMember, MemberState } from './member.js'

/**
 * The processes that work on one outbox: who is there, which of them does what only one may do, and how many connections to
 * Apple each may have. With the embedded store it is a fleet of one.
 *
 * A member tells the others that it lives by a heartbeat. What it may do, it may for a while after the last one that the
 * others have heard; so whatever happens to it, what was its own is free when that is over.
 *
 *     joined ──heartbeats──▶ living ──none for `graceMs`──▶ silent ──a heartbeat──▶ living
 *                              │                              │ none for `deadMs`: forgotten, what it had is others'
 *                              └───────── another has come in its name ──────────▶ replaced (for good)
 */
export interface Fleet {
  /** Whether this process is the one that does what only one may do: webhook and clean-up. */
  readonly isLeader: boolean

  /** Another process has come under this one's name: nothing is claimed any more. */
  readonly isReplaced: boolean

  /** Says what this process does; until then it serves nothing. Called once. */
  serve(service: FleetService): void

  /** Whether messages of a lane may be claimed: not while its line to Apple has no connection for this process. */
  mayServe(lane: string): boolean

  /** The next heartbeat comes at once: something has changed that the others, or this process, should know. */
  wake(): void

  /** All that live, this process among them, in the order in which they came. @throws {OutboxError} */
  members(): Promise<readonly FleetMember[]>

  /** Ends its part: others take over at once what was its own. Only after its connections are closed. Idempotent. */
  leave(): Promise<void>
}

/** A limit on connections that the fleet has in common. */
export interface SharedLine {
  /** The same in all processes, and of all lanes whose messages go over the same connections. */
  readonly name: string
  /** Connections of all members together. */
  readonly limit: number
}

/** What a process does in a fleet; the fleet calls it. None of them may throw. */
export interface FleetService {
  /** The lines that this process serves and that have a limit of the fleet's. */
  lines(): readonly SharedLine[]

  /** The line of a lane, where it has a limit of the fleet's. */
  lineOf(lane: string): SharedLine | undefined

  /**
   * Changes how many connections to a line this process has; where the line has no limit any more, it has none here either.
   *
   * @param timeoutMs after which those that are too many have to be gone
   * @returns resolves when no more than that many are open
   */
  setConnections(line: string, count: number, timeoutMs: number | undefined): Promise<void>

  /** What it says of itself. */
  describe(): MemberState

  /** It has become the one that does what only one may do, or is not any more. */
  leading(isLeader: boolean): void

  /** Lanes were resumed by some process, or all were: so are their lines here. */
  resumed(lanes: readonly string[] | 'all'): void

  /** Another process has come under its name. */
  replaced(): void
}
