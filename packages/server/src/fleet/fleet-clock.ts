/** Time as a process has it: it only goes forwards, and a process that was held up sees it leap. */
export interface FleetClock {
  /** In milliseconds, from any moment. */
  now(): number
  /** @returns ends the waiting */
  after(milliseconds: number, then: () => void): () => void
}

export const PROCESS_CLOCK: FleetClock = {
  now: () => performance.now(),
  after(milliseconds, then) {
    const timer = setTimeout(then, milliseconds)
    return () => clearTimeout(timer)
  },
}
