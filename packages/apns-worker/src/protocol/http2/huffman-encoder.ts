import type { ByteWriter } from './byte-writer.js'
import { HUFFMAN_CODES } from './huffman-code.js'

const CODES = Uint32Array.from(HUFFMAN_CODES, (entry) => entry.code)
const LENGTHS = Uint8Array.from(HUFFMAN_CODES, (entry) => entry.length)

/** How many bytes a Latin-1 string takes in HPACK's Huffman code, padding included. */
export function huffmanLength(text: string): number {
  let bits = 0
  for (let i = 0; i < text.length; i++) bits += LENGTHS[text.charCodeAt(i)] ?? 0
  return (bits + 7) >>> 3
}

/** Writes a Latin-1 string in HPACK's Huffman code, padded with ones (RFC 7541 section 5.2). */
export function writeHuffman(text: string, writer: ByteWriter): void {
  // At most 7 bits wait between two symbols and a code has at most 30, so that two steps of at most 24 bits are safe in 32.
  let pending = 0
  let pendingBits = 0
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i)
    const code = CODES[symbol] ?? 0
    let left = LENGTHS[symbol] ?? 0
    while (left > 0) {
      const take = Math.min(left, 24)
      left -= take
      pending = (pending << take) | ((code >>> left) & ((1 << take) - 1))
      pendingBits += take
      while (pendingBits >= 8) {
        pendingBits -= 8
        writer.byte((pending >>> pendingBits) & 0xff)
      }
      pending &= 0xff
    }
  }
  if (pendingBits > 0) writer.byte(((pending << (8 - pendingBits)) | (0xff >>> pendingBits)) & 0xff)
}
