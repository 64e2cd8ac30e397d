import { type Beat, decideBeat } from '#src/fleet/decide-beat.js'
import type { BeatAnswer, FleetStore, Resumes } from '#src/fleet/fleet-store.js'
import type { FleetMember } from '#src/fleet/member.js'
import type { MemberRecord } from '#src/fleet/member-record.js'
import { FLEET_TIMING } from '#src/fleet/timing.js'

/** What the table of the members does, without one: each call is a transaction. */
export class MemoryFleetStore implements FleetStore {
  readonly records = new Map<string, MemberRecord>()
  resumes: Resumes = { everything: 0, lanes: {} }
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  beat(beat: Beat): Promise<BeatAnswer> {
    const decision = decideBeat([...this.records.values()], beat, this.#now(), FLEET_TIMING.deadMs)
    if (decision.kind === 'heard') {
      for (const incarnation of decision.dead) this.records.delete(incarnation)
      const { record, replaced } = decision
      if (replaced !== undefined) this.records.set(replaced.incarnation, replaced)
      this.records.set(record.incarnation, record)
    }
    return Promise.resolve({ decision, resumes: this.resumes })
  }

  members(): Promise<readonly FleetMember[]> {
    return Promise.resolve([...this.records.values()])
  }

  leave(incarnation: string): Promise<void> {
    this.records.delete(incarnation)
    return Promise.resolve()
  }
}
