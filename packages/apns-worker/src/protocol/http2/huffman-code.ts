/**
 * Bits of each symbol's code (RFC 7541 appendix B), 0 to 255 and then EOS. The code is canonical: among symbols of equal
 * length the codes ascend with the symbol, so that the lengths alone define it.
 */
// biome-ignore format: sixteen in a row, as one looks them up
const CODE_LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
]

/** The symbol that ends a string in theory; in a decoded string it is an error (RFC 7541 section 5.2). */
export const EOS = 256

/** One symbol's code: the lowest `length` bits of `code`. */
export interface HuffmanCode {
  readonly symbol: number
  readonly code: number
  readonly length: number
}

function assignCodes(): readonly HuffmanCode[] {
  const symbols = CODE_LENGTHS.map((length, symbol) => ({ length, symbol }))
  symbols.sort((a, b) => a.length - b.length || a.symbol - b.symbol)
  let next = 0
  let previousLength = 0
  const codes = symbols.map(({ length, symbol }) => {
    next <<= length - previousLength
    previousLength = length
    const code = next
    next += 1
    return { symbol, code, length }
  })
  return codes.sort((a, b) => a.symbol - b.symbol)
}

/** All codes, by symbol; the last is EOS. */
export const HUFFMAN_CODES: readonly HuffmanCode[] = assignCodes()
