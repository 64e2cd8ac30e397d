import { randomUUID } from 'node:crypto'
import { sends } from './decide-beat.js'
import type { Fleet, FleetService, SharedLine } from './fleet.js'
import { type FleetMember, IDLE_STATE, type MemberRole } from './member.js'

/** A fleet of one: of a process with an outbox of its own, which leads for as long as it lives and has all connections. */
export class SingleFleet implements Fleet {
  readonly isReplaced: boolean = false
  readonly #owner: string
  readonly #role: MemberRole
  readonly #incarnation = randomUUID()
  readonly #sinceMs: number
  readonly #now: () => number
  #service: FleetService | undefined
  #lines: readonly SharedLine[] = []
  #hasLeft = false

  /** @param now Unix time in milliseconds */
  constructor(owner: string, role: MemberRole = 'all', now: () => number = Date.now) {
    this.#owner = owner
    this.#role = role
    this.#now = now
    this.#sinceMs = now()
  }

  get isLeader(): boolean {
    return !this.#hasLeft && sends(this.#role)
  }

  serve(service: FleetService): void {
    this.#service = service
    this.wake()
    service.leading(this.isLeader)
  }

  mayServe(_lane: string): boolean {
    return !this.#hasLeft
  }

  /** What is configured anew counts from the next heartbeat on, in a fleet; here at once. */
  wake(): void {
    const service = this.#service
    const before = this.#lines
    this.#lines = service?.lines() ?? []
    const gone = before.filter(({ name }) => this.#lines.every((line) => line.name !== name))
    for (const { name } of gone) void service?.setConnections(name, 0, undefined)
    for (const { name, limit } of this.#lines) void service?.setConnections(name, limit, undefined)
  }

  members(): Promise<readonly FleetMember[]> {
    const state = this.#service?.describe() ?? IDLE_STATE
    const { isLeader } = this
    const member: FleetMember = {
      incarnation: this.#incarnation,
      owner: this.#owner,
      role: this.#role,
      sinceMs: this.#sinceMs,
      heardAtMs: this.#now(),
      isLeader,
      state,
    }
    return Promise.resolve([member])
  }

  leave(): Promise<void> {
    if (!this.#hasLeft) {
      this.#hasLeft = true
      this.#service?.leading(false)
    }
    return Promise.resolve()
  }
}
