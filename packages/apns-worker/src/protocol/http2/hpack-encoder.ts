import type { ByteWriter } from './byte-writer.js'
import { EncoderTable } from './hpack-encoder-table.js'
import { DEFAULT_HEADER_TABLE_SIZE } from './hpack-static-table.js'
import { huffmanLength, writeHuffman } from './huffman-encoder.js'
import { assertField, type FieldName, type FieldTemplate, type Indexing } from './request-field.js'

/** First byte of each representation, and how many of its bits belong to the index (RFC 7541 section 6). */
const INDEXED = 0x80
const INDEXED_BITS = 7
const INCREMENTAL = 0x40
const INCREMENTAL_BITS = 6
const SIZE_UPDATE = 0x20
const SIZE_UPDATE_BITS = 5
const WITHOUT_INDEXING = 0x00
const NEVER_INDEXED = 0x10
const LITERAL_BITS = 4
const HUFFMAN = 0x80
const LENGTH_BITS = 7

/**
 * Encodes field sections (RFC 7541) into a writer. One encoder serves one connection, since its table mirrors the peer's.
 *
 * Three ways to write a field, from the most general to the fastest: `field` looks everything up, `template` repeats
 * constant fields from a cache, `literal` writes a name's index and lets the caller write the value.
 */
export class HpackEncoder {
  readonly #writer: ByteWriter
  readonly #table = new EncoderTable(DEFAULT_HEADER_TABLE_SIZE)
  /** Smallest and last table size that the peer has not been told of; -1: none. */
  #smallestSize = -1
  #lastSize = -1
  /** Where the value of the last `literal` must end; -1: none is open. */
  #literalEnd = -1

  constructor(writer: ByteWriter) {
    this.#writer = writer
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE; we use at most 4096 bytes of it. Told to the peer with the next block. */
  limitTable(peerLimit: number): void {
    const size = Math.min(peerLimit, DEFAULT_HEADER_TABLE_SIZE)
    if (size === this.#table.capacity) return
    this.#table.resize(size)
    this.#smallestSize = this.#smallestSize < 0 ? size : Math.min(this.#smallestSize, size)
    this.#lastSize = size
  }

  /** Starts a field section: table size changes come first (RFC 7541 section 4.2). */
  begin(): void {
    this.#literalEnd = -1
    if (this.#lastSize >= 0) this.#announceSize()
  }

  /** Ends a field section. Throws when a literal's value is not as long as was announced. */
  finish(): void {
    if (this.#literalEnd >= 0) this.#closeLiteral()
  }

  /** One field, by the shortest representation that `indexing` permits. Values are Latin-1. */
  field(name: string, value: string, indexing: Indexing): void {
    if (this.#literalEnd >= 0) this.#closeLiteral()
    assertField(name, value)
    this.#writeField(name, value, indexing)
  }

  /** Constant fields, in their order. Where nothing changed since the last time, a copy of a few bytes. */
  template(template: FieldTemplate): void {
    if (this.#literalEnd >= 0) this.#closeLiteral()
    if (template.cachedVersion === this.#table.version) this.#writer.bytes(template.cachedBytes)
    else this.#writeTemplate(template)
  }

  /**
   * A field whose value the caller writes: exactly `valueLength` bytes, to the writer returned, before anything else. The
   * name enters the table the first time; the value never does and is not Huffman-coded ("literal without indexing").
   */
  literal(name: FieldName, valueLength: number): ByteWriter {
    if (this.#literalEnd >= 0) this.#closeLiteral()
    const writer = this.#writer
    if (name.staticIndex !== 0) writeInteger(writer, WITHOUT_INDEXING, LITERAL_BITS, name.staticIndex)
    else if (name.cachedVersion === this.#table.version) {
      writeInteger(writer, WITHOUT_INDEXING, LITERAL_BITS, name.cachedIndex)
    } else this.#writeName(name, valueLength)
    writeInteger(writer, 0, LENGTH_BITS, valueLength)
    writer.reserve(valueLength)
    this.#literalEnd = writer.length + valueLength
    return writer
  }

  #closeLiteral(): void {
    if (this.#writer.length !== this.#literalEnd) {
      const difference = this.#writer.length - this.#literalEnd
      throw new Error(`the value of a literal field is ${difference} bytes longer than was announced`)
    }
    this.#literalEnd = -1
  }

  #writeName(name: FieldName, valueLength: number): void {
    const table = this.#table
    const index = table.nameIndex(name.text)
    if (index !== 0) {
      name.cachedIndex = index
      name.cachedVersion = table.version
      writeInteger(this.#writer, WITHOUT_INDEXING, LITERAL_BITS, index)
    } else if (table.fits(name.text.length, valueLength)) {
      this.#writer.byte(INCREMENTAL)
      this.#writeString(name.text)
      table.insert(name.text, undefined, valueLength)
    } else {
      this.#writer.byte(WITHOUT_INDEXING)
      this.#writeString(name.text)
    }
  }

  #writeTemplate(template: FieldTemplate): void {
    const start = this.#writer.length
    const version = this.#table.version
    for (const { name, value, indexing } of template.fields) this.#writeField(name, value, indexing)
    if (this.#table.version !== version) return
    template.cachedBytes = this.#writer.slice(start)
    template.cachedVersion = version
  }

  #writeField(name: string, value: string, indexing: Indexing): void {
    const writer = this.#writer
    const index = indexing === 'never' ? 0 : this.#table.fieldIndex(name, value)
    if (index !== 0) {
      writeInteger(writer, INDEXED, INDEXED_BITS, index)
      return
    }
    // A field larger than the table would only empty it.
    const incremental = indexing === 'incremental' && this.#table.fits(name.length, value.length)
    const nameIndex = this.#table.nameIndex(name)
    if (incremental) writeInteger(writer, INCREMENTAL, INCREMENTAL_BITS, nameIndex)
    else
      writeInteger(writer, indexing === 'never' ? NEVER_INDEXED : WITHOUT_INDEXING, LITERAL_BITS, nameIndex)
    if (nameIndex === 0) this.#writeString(name)
    this.#writeString(value)
    if (incremental) this.#table.insert(name, value, value.length)
  }

  #writeString(text: string): void {
    const coded = huffmanLength(text)
    if (coded < text.length) {
      writeInteger(this.#writer, HUFFMAN, LENGTH_BITS, coded)
      writeHuffman(text, this.#writer)
    } else {
      writeInteger(this.#writer, 0, LENGTH_BITS, text.length)
      this.#writer.latin1(text)
    }
  }

  #announceSize(): void {
    if (this.#smallestSize < this.#lastSize) {
      writeInteger(this.#writer, SIZE_UPDATE, SIZE_UPDATE_BITS, this.#smallestSize)
    }
    writeInteger(this.#writer, SIZE_UPDATE, SIZE_UPDATE_BITS, this.#lastSize)
    this.#smallestSize = -1
    this.#lastSize = -1
  }
}

/** An integer whose first `bits` bits share a byte with `pattern` (RFC 7541 section 5.1). */
function writeInteger(writer: ByteWriter, pattern: number, bits: number, value: number): void {
  const limit = (1 << bits) - 1
  if (value < limit) {
    writer.byte(pattern | value)
    return
  }
  writer.byte(pattern | limit)
  let rest = value - limit
  while (rest >= 0x80) {
    writer.byte((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  writer.byte(rest)
}
