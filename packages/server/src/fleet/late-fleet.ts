import { OutboxError } from '../outbox/outbox-error.js'
import type { Fleet, FleetService } from './fleet.js'
import type { FleetMember } from './member.js'

/** A fleet that this process joins when it can: until then it leads nothing and claims nothing. */
export class LateFleet implements Fleet {
  #fleet: Fleet | undefined
  #service: FleetService | undefined
  #hasLeft = false

  /** It has joined; once. What is joined after this was left is left at once. */
  async provide(fleet: Fleet): Promise<void> {
    this.#fleet = fleet
    if (this.#hasLeft) await fleet.leave()
    else if (this.#service !== undefined) fleet.serve(this.#service)
  }

  get isLeader(): boolean {
    return this.#fleet?.isLeader ?? false
  }

  get isReplaced(): boolean {
    return this.#fleet?.isReplaced ?? false
  }

  serve(service: FleetService): void {
    this.#service = service
    this.#fleet?.serve(service)
  }

  mayServe(lane: string): boolean {
    return this.#fleet?.mayServe(lane) ?? false
  }

  wake(): void {
    this.#fleet?.wake()
  }

  async members(): Promise<readonly FleetMember[]> {
    if (this.#fleet === undefined) throw new OutboxError('STORE_UNAVAILABLE', 'the outbox is not there yet')
    return this.#fleet.members()
  }

  async leave(): Promise<void> {
    this.#hasLeft = true
    await this.#fleet?.leave()
  }
}
