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
  missing(): Uint32Array {
    const indices = new Uint32Array(this.#count)
    let length = 0
    for (let index = 0; index < this.#count; index++) if (!this.has(index)) indices[length++] = index
    return indices.subarray(0, length)
  }
}

const shared: (readonly number[])[] = []
/** Longer ones are made anew: nobody should keep an array for each of any number of lengths. */
const MAX_SHARED = 1000

/** All indices of a batch. The same array each time: most batches are handed out whole, and no array is as cheap as none. */
export function allUpTo(count: number): readonly number[] {
  if (count > MAX_SHARED) return Array.from({ length: count }, (_, index) => index)
  shared[count] ??= Object.freeze(Array.from({ length: count }, (_, index) => index))
  return shared[count]
}
