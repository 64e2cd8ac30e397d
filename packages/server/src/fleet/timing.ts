/** Of heartbeats, in milliseconds. Each is shorter than the next by more than a database takes to answer. */
export interface FleetTiming {
  /** Between two heartbeats. */
  readonly heartbeatMs: number
  /** After the last one that was answered, counted from before it was sent: then a process gives up what is its own. */
  readonly graceMs: number
  /** After the last one that was heard: then it is dead to the others, and what it had is theirs. */
  readonly deadMs: number
  /** How long a name's former self is watched for a sign of life before it is taken for killed. */
  readonly watchMs: number
}

export const FLEET_TIMING: FleetTiming = {
  heartbeatMs: 2000,
  graceMs: 6000,
  deadMs: 10_000,
  // Two heartbeats, and some for a database that is slow.
  watchMs: 4500,
}

/** How long connections have to be gone once the grace is over, so that they are before anybody may use their places. */
export function closingMsOf({ graceMs, deadMs }: FleetTiming): number {
  return (deadMs - graceMs) / 2
}
