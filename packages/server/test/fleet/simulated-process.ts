import type { Beat } from '#src/fleet/decide-beat.js'
import type { FleetService, SharedLine } from '#src/fleet/fleet.js'
import type { FleetClock } from '#src/fleet/fleet-clock.js'
import type { BeatAnswer, FleetStore } from '#src/fleet/fleet-store.js'
import { type FleetMember, IDLE_STATE, type MemberRole } from '#src/fleet/member.js'
import { SharedFleet } from '#src/fleet/shared-fleet.js'
import type { SimulatedTime } from './simulated-time.js'

/** What may go wrong between a process and the store, and how long things take. */
export interface Faults {
  /** From 0 to 1. */
  random(): number
  /** Whether the store can be reached. */
  readonly isCut: boolean
  /** Of a heartbeat's request and of its answer, at most. */
  readonly tripMs: number
  /** That a heartbeat, or its answer, is lost. */
  readonly lossRate: number
  /** Until a connection that is one too many has had its last answer, at most. */
  readonly drainMs: number
}

const LOST_MS = 3000

/** A process of a fleet, its connections, and the network between it and the store. */
export class SimulatedProcess implements FleetService, FleetStore {
  readonly owner: string
  readonly errors: unknown[] = []
  readonly resumes: (readonly string[] | 'all')[] = []
  readonly served: SharedLine[] = []
  /** Sockets to Apple, by line. */
  readonly open = new Map<string, number>()
  fleet: SharedFleet | undefined
  /** It does nothing any more, and its sockets are closed. */
  isDead = false
  wasReplaced = false
  leads = false
  readonly #role: MemberRole
  readonly #time: SimulatedTime
  readonly #store: FleetStore
  readonly #faults: Faults
  readonly #allowed = new Map<string, number>()
  readonly #superseded = new Map<string, () => void>()
  #stalledUntilMs = 0

  constructor(
    owner: string,
    time: SimulatedTime,
    store: FleetStore,
    faults: Faults,
    role: MemberRole = 'worker',
  ) {
    this.owner = owner
    this.#role = role
    this.#time = time
    this.#store = store
    this.#faults = faults
  }

  async start(lines: readonly SharedLine[]): Promise<void> {
    const onError = (error: unknown): void => void this.errors.push(error)
    const { owner } = this
    const fleet = await SharedFleet.join({
      store: this,
      owner,
      role: this.#role,
      onError,
      clock: this.#clock,
    })
    this.fleet = fleet
    this.served.push(...lines)
    fleet.serve(this)
  }

  /** As SIGKILL: the kernel closes its sockets. */
  kill(): void {
    this.isDead = true
    this.open.clear()
  }

  /** As an event loop that is held up. */
  stall(milliseconds: number): void {
    this.#stalledUntilMs = this.#time.now() + milliseconds
  }

  /** In order: first the connections, then the fleet. */
  async stop(): Promise<void> {
    this.open.clear()
    await this.fleet?.leave()
    this.isDead = true
  }

  get isMember(): boolean {
    return this.fleet !== undefined && !this.isDead && !this.wasReplaced
  }

  // What its part in the fleet calls.

  lines(): readonly SharedLine[] {
    return this.served
  }

  lineOf(lane: string): SharedLine | undefined {
    return this.served.find(({ name }) => name === lane)
  }

  async setConnections(line: string, count: number, timeoutMs: number | undefined): Promise<void> {
    this.#superseded.get(line)?.()
    this.#allowed.set(line, count)
    const open = this.open.get(line) ?? 0
    if (open <= count) {
      this.open.set(line, count)
      return
    }
    const drainMs = Math.min(
      timeoutMs ?? Number.POSITIVE_INFINITY,
      this.#faults.random() * this.#faults.drainMs,
    )
    await new Promise<void>((resolve) => {
      this.#superseded.set(line, resolve)
      this.#clock.after(drainMs, () => {
        const most = this.#allowed.get(line) ?? 0
        this.open.set(line, Math.min(this.open.get(line) ?? 0, most))
        resolve()
      })
    })
  }

  describe(): typeof IDLE_STATE {
    return IDLE_STATE
  }

  leading(isLeader: boolean): void {
    this.leads = isLeader
  }

  resumed(lanes: readonly string[] | 'all'): void {
    this.resumes.push(lanes)
  }

  replaced(): void {
    this.wasReplaced = true
  }

  // The store, over the network.

  async beat(beat: Beat): Promise<BeatAnswer> {
    await this.#trip()
    const answer = await this.#store.beat(beat)
    await this.#trip()
    return answer
  }

  members(): Promise<readonly FleetMember[]> {
    return this.#store.members()
  }

  async leave(incarnation: string): Promise<void> {
    await this.#trip()
    await this.#store.leave(incarnation)
  }

  async #trip(): Promise<void> {
    const { random, tripMs, lossRate } = this.#faults
    await this.#wait(random() * tripMs)
    if (!this.#faults.isCut && random() >= lossRate) return
    await this.#wait(LOST_MS)
    throw new Error('the store cannot be reached')
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(milliseconds, resolve)
    })
  }

  /** Nothing happens in a process that is dead, and all of it late in one that is held up. */
  readonly #clock: FleetClock = {
    now: () => this.#time.now(),
    after: (milliseconds, then) => {
      let cancel: (() => void) | undefined
      const due = (): void => {
        if (this.isDead) return
        const leftMs = this.#stalledUntilMs - this.#time.now()
        if (leftMs > 0) cancel = this.#time.after(leftMs, due)
        else then()
      }
      cancel = this.#time.after(milliseconds, due)
      return () => cancel?.()
    },
  }
}
