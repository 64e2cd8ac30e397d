import type { SharedLine } from '../fleet/fleet.js'

/** Which lanes go over which line to Apple, and what limit each line has: the lowest that one of its lanes says. */
export class SharedLines {
  readonly #lanes = new Map<string, { readonly line: string; readonly limit: number | undefined }>()
  readonly #limits = new Map<string, number>()

  add(lane: string, line: string, limit: number | undefined): void {
    this.#lanes.set(lane, { line, limit })
    this.#compare()
  }

  remove(lane: string): void {
    this.#lanes.delete(lane)
    this.#compare()
  }

  /** Those that have a limit. */
  get all(): readonly SharedLine[] {
    return Array.from(this.#limits, ([name, limit]) => ({ name, limit }))
  }

  /** @returns undefined where it has none */
  of(lane: string): SharedLine | undefined {
    const name = this.#lanes.get(lane)?.line
    const limit = name === undefined ? undefined : this.#limits.get(name)
    return name === undefined || limit === undefined ? undefined : { name, limit }
  }

  lanesOf(line: string): string[] {
    return [...this.#lanes].flatMap(([lane, { line: own }]) => (own === line ? [lane] : []))
  }

  #compare(): void {
    this.#limits.clear()
    for (const { line, limit } of this.#lanes.values()) {
      if (limit !== undefined) this.#limits.set(line, Math.min(limit, this.#limits.get(line) ?? limit))
    }
  }
}
