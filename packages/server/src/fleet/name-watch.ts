import type { Watched } from './decide-beat.js'
import type { MemberRecord } from './member-record.js'
import type { FleetTiming } from './timing.js'

/** Looks whether a member that has our name gives a sign of life: another heartbeat, or another process in its place. */
export class NameWatch {
  readonly #seen: Watched
  readonly #sinceMs: number

  /** @param nowMs by this process's clock: that of the database may leap */
  constructor({ incarnation, beats }: MemberRecord, nowMs: number) {
    this.#seen = { incarnation, beats }
    this.#sinceMs = nowMs
  }

  isStill({ incarnation, beats }: MemberRecord): boolean {
    return incarnation === this.#seen.incarnation && beats === this.#seen.beats
  }

  /** What was watched for long enough to be taken for killed; undefined while it was not. */
  killed(nowMs: number, { watchMs }: FleetTiming): Watched | undefined {
    return nowMs - this.#sinceMs >= watchMs ? this.#seen : undefined
  }
}

/** Another process works in the name, and lives. */
export class NameInUseError extends Error {
  override readonly name = 'NameInUseError'

  constructor(owner: string) {
    super(
      `another process works on this outbox as ${JSON.stringify(owner)}; stop it, or give this one another worker.owner`,
    )
  }
}
