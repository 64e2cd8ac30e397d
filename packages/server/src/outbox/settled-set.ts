/** Which tokens of a batch are settled: a bit each, as it is stored. */
export class SettledSet {
  readonly #count: number
  readonly #bits: Uint8Array

  /** @param stored what {@link bytes} gave; undefined where none is settled yet */
  constructor(count: number, stored?: Uint8Array | null) {
    this.#count = count
    this.#bits = stored ? Uint8Array.from(stored) : new Uint8Array(Math.ceil(count / 8))
  }

  get bytes(): Uint8Array {
    return this.#bits
  }

  has(index: number): boolean {
    return ((this.#bits[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0
  }

  /** @returns whether it was not settled before; false also for an index that is none of the batch's */
  add(index: number): boolean {
    if (!Number.isInteger(index) || index < 0 || index >= this.#count || this.has(index)) return false
    this.#bits[index >>> 3] = (this.#bits[index >>> 3] ?? 0) | (1 << (index & 7))
    return true
  }

  /** The indices that are not settled, ascending. */
  missing(): number[] {
    const indices: number[] = []
    for (let index = 0; index < this.#count; index++) if (!this.has(index)) indices.push(index)
    return indices
  }
}
