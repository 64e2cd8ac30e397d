/**
 * Beyond so many different tokens no more are remembered: the table has 256 MiB then, and a list that long should be
 * cleaned where it is kept.
 */
export const MAX_REMEMBERED_TOKENS = 8_388_608

const INITIAL_SLOTS = 4_096
/** Four 32-bit words: with 8 million tokens, two that differ look alike in one of 10^25 runs. */
const WORDS = 4
/** Odd 32-bit constants with their bits well spread (from xxHash and MurmurHash 3), one for each word. */
const SEEDS = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f] as const

/**
 * The tokens that were seen, each as a fingerprint of 16 bytes: a `Set` of strings takes eight times the memory.
 * Open addressing with linear probing; a slot of zeros is free.
 */
export class TokenSet {
  #slots = INITIAL_SLOTS
  #table = new Uint32Array(INITIAL_SLOTS * WORDS)
  #size = 0
  readonly #limit: number
  readonly #print = new Uint32Array(WORDS)

  /** @param limit how many tokens are remembered */
  constructor(limit: number = MAX_REMEMBERED_TOKENS) {
    this.#limit = limit
  }

  get size(): number {
    return this.#size
  }

  /** Whether it remembers all that it can; whatever is new from then on is taken for new each time. */
  get isFull(): boolean {
    return this.#size >= this.#limit
  }

  /** Remembers a token, and says whether it is new. */
  add(token: string): boolean {
    fingerprint(token, this.#print)
    const at = this.#find(this.#table, this.#slots, this.#print)
    if (at < 0) return false
    if (this.isFull) return true
    this.#table.set(this.#print, at)
    this.#size++
    // Three quarters full: probing stays short.
    if (this.#size * 4 > this.#slots * 3) this.#grow()
    return true
  }

  /** Where to put a fingerprint; -1 when it is there already. */
  #find(table: Uint32Array, slots: number, print: Uint32Array): number {
    for (let slot = (print[1] ?? 0) & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = slot * WORDS
      let free = true
      let same = true
      for (let word = 0; word < WORDS; word++) {
        if (table[at + word] !== 0) free = false
        if (table[at + word] !== print[word]) same = false
      }
      if (free) return at
      if (same) return -1
    }
  }

  #grow(): void {
    const slots = this.#slots * 2
    const table = new Uint32Array(slots * WORDS)
    for (let at = 0; at < this.#table.length; at += WORDS) {
      const print = this.#table.subarray(at, at + WORDS)
      if (print.some((word) => word !== 0)) table.set(print, this.#find(table, slots, print))
    }
    this.#slots = slots
    this.#table = table
  }
}

function fingerprint(token: string, print: Uint32Array): void {
  for (let word = 0; word < WORDS; word++) print[word] = hash(token, SEEDS[word] ?? 0)
  // Never all zeros, which would be a free slot.
  print[0] = (print[0] ?? 0) | 1
}

function hash(token: string, seed: number): number {
  let hashed = seed
  for (let index = 0; index < token.length; index++) {
    hashed = Math.imul(hashed ^ token.charCodeAt(index), seed)
    // A product carries upwards only: this brings the high bits down.
    hashed ^= hashed >>> 15
  }
  return mix(hashed)
}

/** The finaliser of MurmurHash 3: every bit of the input changes half of the output's. */
function mix(word: number): number {
  let mixed = word ^ (word >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
