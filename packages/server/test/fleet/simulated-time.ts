import type { FleetClock } from '#src/fleet/fleet-clock.js'

interface Event {
  readonly atMs: number
  readonly order: number
  readonly act: () => void
}

/** Time that passes only when it is told to, event by event; what an event sets going comes before the next. */
export class SimulatedTime implements FleetClock {
  #nowMs = 0
  #order = 0
  readonly #events = new Set<Event>()

  now(): number {
    return this.#nowMs
  }

  after(milliseconds: number, act: () => void): () => void {
    const event = { atMs: this.#nowMs + milliseconds, order: this.#order++, act }
    this.#events.add(event)
    return () => this.#events.delete(event)
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(milliseconds, resolve)
    })
  }

  /** @param look called after each event */
  async pass(milliseconds: number, look: () => void = () => {}): Promise<void> {
    const endMs = this.#nowMs + milliseconds
    await settled()
    for (let event = this.#next(endMs); event !== undefined; event = this.#next(endMs)) {
      this.#events.delete(event)
      this.#nowMs = event.atMs
      event.act()
      await settled()
      look()
    }
    this.#nowMs = endMs
  }

  #next(endMs: number): Event | undefined {
    let first: Event | undefined
    for (const event of this.#events) {
      if (event.atMs > endMs) continue
      if (
        first === undefined ||
        event.atMs < first.atMs ||
        (event.atMs === first.atMs && event.order < first.order)
      )
        first = event
    }
    return first
  }
}

/** All that promises set going has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
