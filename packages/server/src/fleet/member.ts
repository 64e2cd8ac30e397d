/** What a process does: the API, sending, or both. */
export type MemberRole = 'all' | 'api' | 'worker'

/** One living process of a fleet. */
export interface FleetMember {
  /** Of one run of the process, and never again. */
  readonly incarnation: string
  /** The name in which it leases batches. */
  readonly owner: string
  readonly role: MemberRole
  /** Unix time in milliseconds, by the outbox's clock. */
  readonly sinceMs: number
  /** When it was last heard. */
  readonly heardAtMs: number
  readonly isLeader: boolean
  readonly state: MemberState
}

/** What a process says of itself. */
export interface MemberState {
  readonly lanes: readonly LaneState[]
  /** How many tokens it has in hand, and how many it takes at most; undefined where it does not send. */
  readonly window: { readonly tokens: number; readonly inHand: number } | undefined
}

export interface LaneState {
  readonly lane: string
  /**
   * - `open`: its messages are claimed and sent;
   * - `paused`: a configuration error has stopped it;
   * - `waiting`: the other members have all the connections that the fleet may have.
   */
  readonly state: 'open' | 'paused' | 'waiting'
  /** To Apple, open at present; of all lanes that share them. */
  readonly connections: number
}

/** Of a process that does nothing yet. */
export const IDLE_STATE: MemberState = { lanes: [], window: undefined }

/** The lanes that a configuration error has stopped, for any of them. */
export function pausedLanes(members: readonly FleetMember[]): ReadonlySet<string> {
  const lanes = members.flatMap(({ state }) => state.lanes)
  return new Set(lanes.filter(({ state }) => state === 'paused').map(({ lane }) => lane))
}
