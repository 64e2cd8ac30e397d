import type { PackedTokens } from './packed-tokens.js'

/** Of a filter that is not full, about one token in a thousand that was never added is taken for one that was. */
const BITS_PER_TOKEN = 32
const FIRST_CAPACITY = 2 ** 14
/** 64 MiB. With more tokens than that the filter becomes less useful, and not larger. */
const MAX_CAPACITY = 2 ** 24
const GOLDEN = 0x9e3779b1
/** Odd, and unlike: what the first bytes of a token, four at a time, are multiplied with. The others go on from the front. */
const FACTORS = Int32Array.of(
  0x9e3779b1,
  0x85ebca77,
  0xc2b2ae3d,
  0x27d4eb2f,
  0x165667b1,
  0x2c1b3c6d,
  0x297a2d39,
  0x7feb352d,
)

/**
 * Tells of most tokens that they were never added, in some tens of nanoseconds (a Bloom filter, of which a token's four bits
 * lie in two neighbouring words, so that memory is waited for once). What it says of the others may be wrong. Layers are
 * added as it fills, each with the room of all before it; nothing is ever taken out.
 */
export class TokenFilter {
  readonly #layers: Uint32Array[] = []
  #hashes = new Int32Array(0)
  #left = 0
  #capacity = 0

  get isEmpty(): boolean {
    return this.#layers.length === 0
  }

  /** Makes room for so many at once: one layer is quicker than several. */
  reserve(tokens: number): void {
    if (tokens > this.#left) this.#addLayer(tokens)
  }

  add(appId: number, bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    if (this.#left === 0) this.#addLayer(FIRST_CAPACITY)
    this.#left--
    // There is one, since there is room.
    const words = this.#layers[0] as Uint32Array
    const hash = hashOf(appId, bytes, start, end)
    const at = placeOf(hash, words)
    const pattern = patternOf(hash)
    words[at] = (words[at] ?? 0) | bitsOf(pattern)
    words[at + 1] = (words[at + 1] ?? 0) | bitsOf(pattern >>> 10)
  }

  /** @returns false when it surely was not added */
  mayHave(appId: number, bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    const hash = hashOf(appId, bytes, start, end)
    return this.#layers.some((words) => isIn(words, hash))
  }

  /** Indices of those that {@link mayHave}. */
  candidates(appId: number, { bytes, count, tokenBytes }: PackedTokens): number[] {
    // First all hashes, then the look-ups: these wait for memory, and so several wait at once.
    if (this.#hashes.length < count) this.#hashes = new Int32Array(count)
    const hashes = this.#hashes
    for (let index = 0, start = 0; index < count; index++) {
      const from = tokenBytes > 0 ? start : start + 1
      const end = from + (tokenBytes > 0 ? tokenBytes : (bytes[start] ?? 0))
      hashes[index] = hashOf(appId, bytes, from, end)
      start = end
    }
    const found: number[] = []
    for (const words of this.#layers) {
      for (let index = 0; index < count; index++) if (isIn(words, hashes[index] ?? 0)) found.push(index)
    }
    // Where two layers have it, it is said twice.
    return this.#layers.length < 2 ? found : [...new Set(found)].sort((left, right) => left - right)
  }

  #addLayer(least: number): void {
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(least, this.#capacity, FIRST_CAPACITY)))
    const capacity = Math.min(wanted, MAX_CAPACITY - this.#capacity)
    if (capacity < FIRST_CAPACITY) {
      this.#left = Number.POSITIVE_INFINITY
      return
    }
    this.#layers.unshift(new Uint32Array((capacity * BITS_PER_TOKEN) / 32))
    this.#capacity += capacity
    this.#left = capacity
  }
}

function isIn(words: Uint32Array, hash: number): boolean {
  const at = placeOf(hash, words)
  const pattern = patternOf(hash)
  const first = bitsOf(pattern)
  if (((words[at] ?? 0) & first) !== first) return false
  const second = bitsOf(pattern >>> 10)
  return ((words[at + 1] ?? 0) & second) === second
}

/** The first of two neighbouring words. A layer has a power of two of them. */
function placeOf(hash: number, words: Uint32Array): number {
  return hash & (words.length - 2)
}

/** Whose ten lowest bits, and the ten above, say which bits of a word are set. */
function patternOf(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (mixed ^ (mixed >>> 13)) >>> 0
}

function bitsOf(pattern: number): number {
  return (1 << (pattern & 31)) | (1 << ((pattern >>> 5) & 31))
}

/** Tokens look random, and need not be: all of their bytes count. */
function hashOf(appId: number, bytes: Uint8Array, start: number, end: number): number {
  let sum = Math.imul(appId, GOLDEN)
  let at = start
  for (let factor = 0; at + 4 <= end; at += 4, factor = (factor + 1) & 7) {
    if (factor === 0) sum = Math.imul(sum ^ (sum >>> 15), GOLDEN)
    const word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)
    const mixed = Math.imul(word ^ (word >>> 15), FACTORS[factor] ?? 0)
    sum = (sum + (mixed ^ (mixed >>> 15))) | 0
  }
  for (; at < end; at++) sum = Math.imul(sum ^ (bytes[at] ?? 0), GOLDEN)
  const hash = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
