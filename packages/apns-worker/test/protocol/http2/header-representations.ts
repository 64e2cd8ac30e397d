/** The parts of a header block (RFC 7541 sections 5 and 6), built by hand: nothing of the code under test is used. */

/** An integer whose first `bits` bits share a byte with `pattern` (section 5.1); any value, permitted or not. */
export function integer(pattern: number, bits: number, value: number): number[] {
  const limit = 2 ** bits - 1
  if (value < limit) return [pattern | value]
  const bytes = [pattern | limit]
  let rest = value - limit
  // Not by shifting: the value may have more than 32 bits.
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return [...bytes, rest]
}

/** A string without Huffman coding (section 5.2). */
export function string(text: string): number[] {
  return [...integer(0x00, 7, text.length), ...Buffer.from(text, 'latin1')]
}

/** A literal field with incremental indexing and a new name (section 6.2.1). */
export function entering(name: string, value: string): number[] {
  return [0x40, ...string(name), ...string(value)]
}
