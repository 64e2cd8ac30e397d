/** Offset basis of FNV-1a. */
const FNV_START = 0x811c_9dc5

/**
 * Where a token stands between 0 (included) and 1: always at the same place for the same seed, and evenly spread over many
 * tokens. FNV-1a over seed and token, then the finalizer of MurmurHash3, which spreads what FNV leaves close.
 */
export function shareOf(token: string, seed: string): number {
  return spread(hashText(token, hashText(seed))) / 2 ** 32
}

/** FNV-1a, 32 bits, going on from `start`. */
export function hashText(text: string, start: number = FNV_START): number {
  let hash = start
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193)
  }
  return hash
}

/** The finalizer of MurmurHash3: each bit of the result depends on each of the number. From 0 to 2^32. */
export function spread(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
