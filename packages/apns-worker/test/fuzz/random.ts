/** Chance that a seed repeats: mulberry32 by Tommy Ettinger, 32 bits of state. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit)
  }

  /** True once in so many times. */
  once(inHowMany: number): boolean {
    return this.below(inHowMany) === 0
  }

  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    if (list.length === 0) throw new RangeError('there is nothing to pick from')
    return list[this.below(list.length)] as T
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)))
  }

  /** A number of 32 bits, more often than not one at the edge of something. */
  edge(): number {
    const edges = [
      0, 1, 2, 100, 16_383, 16_384, 65_535, 65_536, 0xff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
    ]
    return this.once(3) ? this.below(0x1_0000_0000) : this.pick(edges)
  }
}

/** The seed of one execution, from the run's seed and the execution's number. */
export function executionSeed(seed: number, execution: number): number {
  return (Math.imul(seed, 0x9e37_79b1) ^ Math.imul(execution + 1, 0x85eb_ca6b)) | 0
}
