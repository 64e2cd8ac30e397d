import { randomUUID } from 'node:crypto'
import type { Fleet, FleetService } from './fleet.js'
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
  #hasLeft = false

  /** @param now Unix time in milliseconds */
  constructor(owner: string, role: MemberRole = 'all', now: () => number = Date.now) {
    this.#owner = owner
    this.#role = role
    this.#now = now
    this.#sinceMs = now()
  }

  get isLeader(): boolean {
    return !this.#hasLeft
  }

  serve(service: FleetService): void {
    this.#service = service
    this.wake()
    service.leading(true)
  }

  mayServe(_lane: string): boolean {
    return !this.#hasLeft
  }

  /** What is configured anew counts from the next heartbeat on, in a fleet; here at once. */
  wake(): void {
    const service = this.#service
    for (const { name, limit } of service?.lines() ?? []) void service?.setConnections(name, limit, undefined)
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
