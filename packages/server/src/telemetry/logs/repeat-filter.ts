const INTERVAL_MS = 10_000
/** Of different things to say; beyond that all are one. */
const MAX_KEYS = 100
const OTHERS = 'others'

interface Entry {
  lastMs: number
  withheld: number
}

/** Lets one line of a kind through each ten seconds, so that a store that fails a thousand times a second fills no disk. */
export class RepeatFilter {
  readonly #entries = new Map<string, Entry>()
  readonly #now: () => number

  /** @param now milliseconds that only go forwards */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** @returns how many were withheld since the last one, or undefined where this is to be withheld too */
  admit(kind: string): number | undefined {
    const key = this.#entries.has(kind) || this.#entries.size < MAX_KEYS ? kind : OTHERS
    const nowMs = this.#now()
    const entry = this.#entries.get(key)
    if (entry === undefined) {
      this.#entries.set(key, { lastMs: nowMs, withheld: 0 })
      return 0
    }
    if (nowMs - entry.lastMs < INTERVAL_MS) {
      entry.withheld++
      return undefined
    }
    const { withheld } = entry
    entry.lastMs = nowMs
    entry.withheld = 0
    return withheld
  }
}
