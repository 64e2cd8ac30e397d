/** Bits for each token: with two of them set, one in 60 of the others is taken for one of these. */
const BITS_PER_TOKEN = 16
const FIRST_CAPACITY = 2 ** 15
/** 32 million tokens' worth, 64 MiB. With more of them the filter becomes less useful, and not larger. */
const MAX_CAPACITY = 2 ** 25
const GOLDEN = 0x9e3779b1

/**
 * Tells of most tokens that they were never added, in some tens of nanoseconds (a Bloom filter; Bloom 1970). What it says of
 * the others may be wrong. Layers are added as it fills, each with the room of all before it; nothing is ever taken out.
 */
export class TokenFilter {
  readonly #layers: Layer[] = []
  #left = 0
  #capacity = 0

  get isEmpty(): boolean {
    return this.#layers.length === 0
  }

  /** Makes room for so many at once: one layer is quicker than several. */
  reserve(tokens: number): void {
    if (tokens > this.#left) this.#addLayer(tokens)
  }

  add(appId: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#left === 0) this.#addLayer(FIRST_CAPACITY)
    this.#left--
    const hash = hashOf(appId, bytes, start, end)
    const { bits, mask } = this.#layers[0] as Layer
    for (const at of [hash & mask, secondOf(hash) & mask])
      bits[at >>> 3] = (bits[at >>> 3] ?? 0) | (1 << (at & 7))
  }

  /** @returns false when it surely was not added */
  mayHave(appId: number, bytes: Uint8Array, start: number, end: number): boolean {
    const hash = hashOf(appId, bytes, start, end)
    const second = secondOf(hash)
    for (const { bits, mask } of this.#layers) {
      if (has(bits, hash & mask) && has(bits, second & mask)) return true
    }
    return false
  }

  #addLayer(least: number): void {
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(least, this.#capacity, FIRST_CAPACITY)))
    const capacity = Math.min(wanted, MAX_CAPACITY - this.#capacity)
    if (capacity <= 0) {
      this.#left = Number.POSITIVE_INFINITY
      return
    }
    const size = 2 ** Math.floor(Math.log2(capacity)) * BITS_PER_TOKEN
    this.#layers.unshift({ bits: new Uint8Array(size / 8), mask: size - 1 })
    this.#capacity += capacity
    this.#left = capacity
  }
}

interface Layer {
  readonly bits: Uint8Array
  readonly mask: number
}

function has(bits: Uint8Array, at: number): boolean {
  return ((bits[at >>> 3] ?? 0) & (1 << (at & 7))) !== 0
}

/** Tokens look random, and need not be: all of their bytes count. */
function hashOf(appId: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = Math.imul(appId, GOLDEN)
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)
    hash = Math.imul(hash ^ word, GOLDEN)
    hash ^= hash >>> 15
  }
  for (; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), GOLDEN)
  return hash ^ (hash >>> 13)
}

function secondOf(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}
