/**
 * Where a token stands between 0 (included) and 1: always at the same place for the same seed, and evenly spread over many
 * tokens. FNV-1a over seed and token, then the finalizer of MurmurHash3, which spreads what FNV leaves close.
 */
export function shareOf(token: string, seed: string): number {
  let hash = hashText(seed, 0x811c9dc5)
  hash = hashText(token, hash)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

function hashText(text: string, start: number): number {
  let hash = start
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash
}
