import { STATIC_TABLE } from '#src/protocol/http2/hpack-static-table.js'
import { HUFFMAN_ROWS } from '../protocol/http2/vectors-huffman-code.js'

export type Field = readonly [name: string, value: string]

/** The same limit as the library's; RFC 7541 section 5.1 leaves it open. */
const MAX_INTEGER = 0x0fff_ffff
const MAX_INTEGER_BYTES = 4
const ENTRY_OVERHEAD = 32
const EOS = 256

/** The codes of symbols, in ones and zeros. */
export const HUFFMAN_CODES: readonly string[] = HUFFMAN_ROWS.map((row) => {
  const [code = '', length = ''] = row.split('/')
  return Number.parseInt(code, 16).toString(2).padStart(Number(length), '0')
})
/** Symbols by their code with a one before it, so that codes which begin with zeros differ. */
const SYMBOLS = new Map(HUFFMAN_CODES.map((code, symbol) => [Number.parseInt(`1${code}`, 2), symbol]))

/** The block breaks RFC 7541. */
export class ReferenceHpackError extends Error {}

/** A decoder as the RFC tells it, in strings and arrays, slow and plain; what the library's is compared with. */
export class ReferenceHpackDecoder {
  readonly #table: Field[] = []
  #capacity = 4096
  #limit = 4096
  /** What the next block has to go down to first. */
  #required = Number.POSITIVE_INFINITY
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  /** Our SETTINGS_HEADER_TABLE_SIZE, acknowledged (section 4.2). */
  limitTable(limit: number): void {
    this.#limit = limit
    if (limit < this.#capacity) this.#required = Math.min(this.#required, limit)
  }

  /** The fields of a block; throws a {@link ReferenceHpackError}, after which the decoder is of no use. */
  decode(bytes: Uint8Array): Field[] {
    this.#bytes = Buffer.from(bytes)
    this.#at = 0
    this.#sizeUpdates()
    const fields: Field[] = []
    while (this.#at < this.#bytes.length) fields.push(this.#field())
    return fields
  }

  #sizeUpdates(): void {
    let smallest = Number.POSITIVE_INFINITY
    while (this.#at < this.#bytes.length && ((this.#bytes[this.#at] as number) & 0xe0) === 0x20) {
      const size = this.#integer(5)
      if (size > this.#limit) throw new ReferenceHpackError('size above the limit')
      this.#capacity = size
      smallest = Math.min(smallest, size)
      this.#evict()
    }
    const isMissing = this.#required !== Number.POSITIVE_INFINITY && smallest > this.#required
    if (isMissing) throw new ReferenceHpackError('no size update where one is due')
    this.#required = Number.POSITIVE_INFINITY
  }

  #field(): Field {
    const first = this.#bytes[this.#at] as number
    if (first >= 0x80) return this.#entry(this.#integer(7))
    if (first >= 0x40) {
      const field = this.#literal(6)
      this.#table.unshift(field)
      this.#evict()
      return field
    }
    if (first >= 0x20) throw new ReferenceHpackError('size update after a field')
    return this.#literal(4)
  }

  #literal(prefixBits: number): Field {
    const index = this.#integer(prefixBits)
    const name = index === 0 ? this.#string() : this.#entry(index)[0]
    return [name, this.#string()]
  }

  #entry(index: number): Field {
    const field =
      index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : this.#table[index - STATIC_TABLE.length - 1]
    if (field === undefined) throw new ReferenceHpackError('no such index')
    return [field[0], field[1]]
  }

  #evict(): void {
    const size = (): number =>
      this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + ENTRY_OVERHEAD, 0)
    while (size() > this.#capacity) this.#table.pop()
  }

  #integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1
    let value = this.#byte() & mask
    if (value < mask) return value
    for (let count = 0; count < MAX_INTEGER_BYTES; count++) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** (7 * count)
      if (value > MAX_INTEGER) break
      if (byte < 0x80) return value
    }
    throw new ReferenceHpackError('integer too large')
  }

  #string(): string {
    const isHuffman = this.#at < this.#bytes.length && (this.#bytes[this.#at] as number) >= 0x80
    const length = this.#integer(7)
    if (this.#at + length > this.#bytes.length) throw new ReferenceHpackError('string too long')
    const bytes = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return isHuffman ? huffman(bytes) : bytes.toString('latin1')
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) throw new ReferenceHpackError('the block ends too soon')
    return this.#bytes[this.#at++] as number
  }
}

function huffman(bytes: Buffer): string {
  const symbols: number[] = []
  let code = 1
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >>> bit) & 1)
      const symbol = SYMBOLS.get(code)
      if (symbol === undefined) continue
      if (symbol === EOS) throw new ReferenceHpackError('EOS in a string')
      symbols.push(symbol)
      code = 1
    }
  }
  // Section 5.2: padding is shorter than a byte, and the first bits of EOS, which are ones.
  const isPadding = code < 2 ** 8 && (code & (code + 1)) === 0
  if (!isPadding) throw new ReferenceHpackError('wrong padding')
  return Buffer.from(symbols).toString('latin1')
}
