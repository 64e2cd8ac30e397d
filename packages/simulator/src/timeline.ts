import type { Cut, GoAwayOptions } from './rule.js'
import type { Simulator } from './simulator.js'
import { Timers } from './timers.js'

/** Something that happens to all connections at a time: exactly one of the last five, and when. */
export interface TimelineStep {
  /** Seconds after the start, real time. */
  readonly at: number
  /** Again each so many seconds after that. */
  readonly every?: number
  /** GOAWAY, or several. */
  readonly goAway?: true | GoAwayOptions | readonly GoAwayOptions[]
  /** They are cut; true: closed. */
  readonly disconnect?: true | Cut
  /** They fall silent. */
  readonly blackHole?: true
  /** The stream limit from now on, for connections to come as well. */
  readonly streamLimit?: number
  /** Every provider token seen so far is refused, with this reason or, for true, with `ExpiredProviderToken`. */
  readonly rejectProviderTokens?: true | string
}

/** What steps can do. */
export type TimelineTarget = Pick<
  Simulator,
  'goAway' | 'disconnect' | 'fallSilent' | 'setStreamLimit' | 'rejectProviderTokens'
>

/** Starts the clock of a script; clear what it returns when the simulator is closed. */
export function startTimeline(steps: readonly TimelineStep[], target: TimelineTarget): Timers {
  const timers = new Timers()
  for (const step of steps) {
    const act = (): void => {
      perform(step, target)
      if (step.every !== undefined) timers.after(step.every * 1000, act)
    }
    timers.after(step.at * 1000, act)
  }
  return timers
}

function perform(step: TimelineStep, target: TimelineTarget): void {
  const { goAway, disconnect, rejectProviderTokens: reason } = step
  if (goAway !== undefined) target.goAway(goAway === true ? {} : goAway)
  if (disconnect !== undefined) target.disconnect(disconnect === true ? 'close' : disconnect)
  if (step.blackHole === true) target.fallSilent()
  if (step.streamLimit !== undefined) target.setStreamLimit(step.streamLimit)
  if (reason !== undefined) target.rejectProviderTokens(reason === true ? undefined : reason)
}
