import { randomUUID } from 'node:crypto'
import type { Beat, Watched } from './decide-beat.js'
import type { Fleet, FleetService } from './fleet.js'
import { type FleetClock, PROCESS_CLOCK } from './fleet-clock.js'
import type { BeatAnswer, FleetStore, Resumes } from './fleet-store.js'
import { LineShares } from './line-shares.js'
import { type FleetMember, IDLE_STATE, type MemberRole } from './member.js'
import { NameInUseError, NameWatch } from './name-watch.js'
import { closingMsOf, FLEET_TIMING, type FleetTiming } from './timing.js'

export interface SharedFleetOptions {
  readonly store: FleetStore
  /** In whose name it leases batches; no two that send have one. */
  readonly owner: string
  readonly role: MemberRole
  /** Called when a heartbeat failed, or was not heard in time. */
  readonly onError: (error: unknown) => void
  readonly timing?: FleetTiming | undefined
  readonly clock?: FleetClock | undefined
}

/** How long whoever leaves waits for the store. */
const LEAVE_PATIENCE_MS = 3000

/** What a process that has not said yet what it does would do. */
const NOTHING: FleetService = {
  lines: () => [],
  lineOf: () => undefined,
  setConnections: () => Promise.resolve(),
  describe: () => IDLE_STATE,
  leading() {},
  resumed() {},
  replaced() {},
}

/** A member of a fleet that meets in a store. */
export class SharedFleet implements Fleet {
  readonly incarnation: string = randomUUID()
  readonly #options: SharedFleetOptions
  readonly #timing: FleetTiming
  readonly #clock: FleetClock
  #service: FleetService = NOTHING
  #shares: LineShares
  /** Until when what it was told last holds, by its own clock. */
  #validUntil = Number.NEGATIVE_INFINITY
  #isLeader = false
  #isReplaced = false
  #hasLeft = false
  #isForgotten = false
  #resumes: Resumes | undefined
  #beating: Promise<void> = Promise.resolve()
  #isAwake = false
  #endSleep: (() => void) | undefined
  #endGrace: (() => void) | undefined

  /**
   * Joins. Where another that has the name gives no sign of life, it was killed, and its place is taken.
   *
   * @throws {NameInUseError}
   * @throws {OutboxError} with one of the `STORE_` codes
   */
  static async join(options: SharedFleetOptions): Promise<SharedFleet> {
    const fleet = new SharedFleet(options)
    await fleet.#join()
    fleet.#beating = fleet.#beatWhileMember()
    return fleet
  }

  private constructor(options: SharedFleetOptions) {
    this.#options = options
    this.#timing = options.timing ?? FLEET_TIMING
    this.#clock = options.clock ?? PROCESS_CLOCK
    this.#shares = this.#sharesOf(NOTHING)
  }

  get isLeader(): boolean {
    return this.#isLeader && this.#isValid
  }

  get isReplaced(): boolean {
    return this.#isReplaced
  }

  serve(service: FleetService): void {
    this.#service = service
    this.#shares = this.#sharesOf(service)
    if (this.isLeader) service.leading(true)
    if (this.#isReplaced) service.replaced()
    this.wake()
  }

  mayServe(lane: string): boolean {
    if (this.#isReplaced || this.#hasLeft) return false
    const line = this.#service.lineOf(lane)
    return line === undefined || (this.#isValid && this.#shares.allowed(line.name) > 0)
  }

  wake(): void {
    this.#isAwake = true
    this.#endSleep?.()
  }

  members(): Promise<readonly FleetMember[]> {
    return this.#options.store.members()
  }

  async leave(): Promise<void> {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#lead(false)
    this.wake()
    this.#endGrace?.()
    // A store that does not answer has the others wait until it is dead to them, and holds up nobody else.
    await this.#within(this.#beating)
    await this.#within(this.#options.store.leave(this.incarnation))
  }

  async #within(work: Promise<void>): Promise<void> {
    let cancel: (() => void) | undefined
    const late = new Promise<never>((_resolve, reject) => {
      const tooLate = (): void => reject(new Error('the others could not be told'))
      cancel = this.#clock.after(LEAVE_PATIENCE_MS, tooLate)
    })
    try {
      await Promise.race([work, late])
    } finally {
      cancel?.()
    }
  }

  get #isValid(): boolean {
    return this.#clock.now() < this.#validUntil
  }

  #sharesOf(service: FleetService): LineShares {
    return new LineShares(service, () => this.wake(), this.#options.onError)
  }

  async #join(): Promise<void> {
    const { owner } = this.#options
    let watch: NameWatch | undefined
    while (true) {
      const sentAt = this.#clock.now()
      const answer = await this.#options.store.beat(this.#beat('join', watch?.killed(sentAt, this.#timing)))
      if (answer.decision.kind !== 'occupied') return this.#heard(answer, sentAt)
      const { by } = answer.decision
      watch ??= new NameWatch(by, sentAt)
      if (!watch.isStill(by)) throw new NameInUseError(owner)
      await this.#sleep(this.#timing.heartbeatMs / 4)
    }
  }

  async #beatWhileMember(): Promise<void> {
    let lastAt = this.#clock.now()
    while (!this.#hasLeft && !this.#isReplaced) {
      if (!this.#isAwake) await this.#sleep(lastAt + this.#timing.heartbeatMs - this.#clock.now())
      if (this.#hasLeft) return
      this.#isAwake = false
      const sentAt = this.#clock.now()
      lastAt = sentAt
      // Who was forgotten has nothing, and comes back when that is so: its connections are still closing.
      if (this.#isForgotten && !this.#shares.isEmpty) continue
      try {
        this.#heard(
          await this.#options.store.beat(this.#beat(this.#isForgotten ? 'join' : 'go on', undefined)),
          sentAt,
        )
        // Of many that came at one moment the answers do not: so the next heartbeats do not either.
        lastAt = this.#clock.now()
      } catch (error) {
        this.#options.onError(error)
      }
    }
  }

  #beat(kind: Beat['kind'], watched: Watched | undefined): Beat {
    const { owner, role } = this.#options
    const served = new Map(this.#service.lines().map(({ name, limit }) => [name, limit]))
    const lines = this.#shares.records(served)
    return {
      kind,
      incarnation: this.incarnation,
      owner,
      role,
      lines,
      state: this.#service.describe(),
      watched,
    }
  }

  #heard({ decision, resumes }: BeatAnswer, sentAt: number): void {
    switch (decision.kind) {
      case 'occupied':
      case 'replaced':
        this.#replaced()
        return
      case 'forgotten':
        this.#isForgotten = true
        this.#withdraw()
        return
      case 'heard':
        this.#hearResumes(resumes)
        this.#isForgotten = false
        this.#goOnUntil(sentAt + this.#timing.graceMs)
        // It came too late: what it says may be over, or the connections closed for good.
        if (!this.#isValid || this.#hasLeft) return
        for (const { line, count } of decision.grants) this.#shares.allow(line, count)
        this.#lead(decision.record.isLeader)
        return
      default:
        decision satisfies never
    }
  }

  #hearResumes(now: Resumes): void {
    const before = this.#resumes
    this.#resumes = now
    if (before === undefined) return
    if (now.everything > before.everything) this.#service.resumed('all')
    const lanes = Object.entries(now.lanes).filter(([lane, count]) => count > countOf(before, lane))
    if (lanes.length > 0) this.#service.resumed(lanes.map(([lane]) => lane))
  }

  #goOnUntil(moment: number): void {
    this.#validUntil = moment
    this.#watchGrace()
  }

  #watchGrace(): void {
    this.#endGrace?.()
    // A heartbeat may be answered after this was left.
    if (this.#hasLeft) return
    this.#endGrace = this.#clock.after(Math.max(0, this.#validUntil - this.#clock.now()), () => {
      // Timers may be early.
      if (this.#isValid) {
        this.#watchGrace()
        return
      }
      this.#options.onError(new Error('no heartbeat was heard in time: connections are closed until one is'))
      this.#withdraw()
    })
  }

  /** Gives up what is its own, so that nobody has it twice. */
  #withdraw(): void {
    this.#endGrace?.()
    this.#validUntil = Number.NEGATIVE_INFINITY
    this.#lead(false)
    this.#shares.withdraw(closingMsOf(this.#timing))
  }

  #replaced(): void {
    this.#isReplaced = true
    this.#withdraw()
    this.#service.replaced()
  }

  #lead(isLeader: boolean): void {
    if (isLeader === this.#isLeader) return
    this.#isLeader = isLeader
    this.#service.leading(isLeader)
  }

  async #sleep(milliseconds: number): Promise<void> {
    let cancel: (() => void) | undefined
    await new Promise<void>((resolve) => {
      this.#endSleep = resolve
      cancel = this.#clock.after(Math.max(0, milliseconds), resolve)
    })
    cancel?.()
    this.#endSleep = undefined
  }
}

function countOf({ lanes }: Resumes, lane: string): number {
  return Object.hasOwn(lanes, lane) ? (lanes[lane] ?? 0) : 0
}
