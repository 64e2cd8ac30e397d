import { DecodedField, type FieldSink } from './decoded-field.js'
import { DecoderTable } from './hpack-decoder-table.js'
import { DEFAULT_HEADER_TABLE_SIZE, STATIC_TABLE, STATIC_TABLE_LENGTH } from './hpack-static-table.js'
import { decodeHuffman, maxDecodedLength } from './huffman-decoder.js'
import { MAX_HPACK_INTEGER } from './limits.js'
import type { ResponseFieldNames } from './response-field-names.js'

/** The static table's names and values, one after the other. */
const STATIC_BYTES = Buffer.from(STATIC_TABLE.flat().join(''), 'latin1')
/** Where the name of entry `i` starts (`2i`), where its value starts (`2i + 1`) and ends (`2i + 2`). */
const STATIC_OFFSETS = new Uint16Array(2 * STATIC_TABLE_LENGTH + 3)
for (const [position, [name, value]] of STATIC_TABLE.entries()) {
  const start = STATIC_OFFSETS[2 * position + 2] as number
  STATIC_OFFSETS[2 * position + 3] = start + name.length
  STATIC_OFFSETS[2 * position + 4] = start + name.length + value.length
}

/**
 * Decodes field sections (RFC 7541). One decoder serves one connection; it must see every section, also those of streams
 * that nobody waits for any more, since each builds on the table that the last one left.
 */
export class HpackDecoder {
  readonly #names: ResponseFieldNames
  readonly #field = new DecodedField(STATIC_BYTES)
  readonly #table: DecoderTable
  readonly #largestLimit: number
  /** The most that the peer may set its table to: our SETTINGS_HEADER_TABLE_SIZE, once acknowledged. */
  #limit = DEFAULT_HEADER_TABLE_SIZE
  /** The size that the next section must begin by going down to; -1: none. */
  #requiredSize = -1
  /** Registers of the section being decoded. */
  #bytes: Uint8Array = STATIC_BYTES
  #position = 0
  #end = 0
  #error = ''
  /** Registers of the string read last. */
  #stringBytes: Uint8Array = STATIC_BYTES
  #stringStart = 0
  #stringEnd = 0
  /** Huffman-coded strings of one field, decoded. */
  #scratch = new Uint8Array(512)
  #scratchLength = 0

  /** `largestLimit`: the largest limit that `limitTable` will ever be given. */
  constructor(names: ResponseFieldNames, largestLimit: number = DEFAULT_HEADER_TABLE_SIZE) {
    this.#names = names
    this.#largestLimit = Math.max(largestLimit, DEFAULT_HEADER_TABLE_SIZE)
    this.#table = new DecoderTable(DEFAULT_HEADER_TABLE_SIZE, this.#largestLimit)
  }

  /** Bytes in the dynamic table, entry overhead included. */
  get tableSize(): number {
    return this.#table.size
  }

  /**
   * The peer acknowledged our SETTINGS_HEADER_TABLE_SIZE. If its table is larger, its next section must begin by saying
   * that it shrank (RFC 7541 section 4.2).
   */
  limitTable(limit: number): void {
    if (limit > this.#largestLimit)
      throw new RangeError(`the table limit ${limit} is above ${this.#largestLimit}`)
    this.#limit = limit
    if (limit < this.#table.capacity) {
      this.#requiredSize = this.#requiredSize < 0 ? limit : Math.min(this.#requiredSize, limit)
    }
  }

  /**
   * Decodes the section in `bytes[start, end)` and hands its fields to the sink. Returns what is wrong with it, which is a
   * COMPRESSION_ERROR of the connection (RFC 7541 section 3), or an empty string.
   */
  decode(bytes: Uint8Array, start: number, end: number, sink: FieldSink): string {
    this.#bytes = bytes
    this.#position = start
    this.#end = end
    this.#error = ''
    if (this.#requiredSize >= 0 || (start < end && ((bytes[start] as number) & 0xe0) === 0x20))
      this.#sizeUpdates()
    const field = this.#field
    while (this.#position < end && this.#error === '') {
      const first = bytes[this.#position++] as number
      if (first >= 0x80) this.#indexed(first)
      else if (first >= 0x40) this.#literal(first, 0x3f)
      else if (first >= 0x20) this.#refuse('a table size update after the first field')
      else this.#literal(first, 0x0f)
      if (this.#error === '') sink.field(field)
    }
    return this.#error
  }

  /** The first fault is the one to tell; those that follow from it are not. */
  #refuse(error: string): void {
    if (this.#error === '') this.#error = error
  }

  /** Section 6.3. */
  #sizeUpdates(): void {
    let smallest = -1
    while (this.#position < this.#end && ((this.#bytes[this.#position] as number) & 0xe0) === 0x20) {
      const size = this.#integer(this.#bytes[this.#position++] as number, 0x1f)
      if (this.#error !== '') return
      if (size > this.#limit) {
        this.#refuse(`a table size of ${size} bytes where ${this.#limit} is the limit`)
        return
      }
      this.#table.resize(size)
      smallest = smallest < 0 ? size : Math.min(smallest, size)
    }
    if (this.#requiredSize >= 0 && (smallest < 0 || smallest > this.#requiredSize)) {
      this.#refuse(
        `the table was limited to ${this.#requiredSize} bytes, and the next section did not say so`,
      )
    }
    this.#requiredSize = -1
  }

  /** Section 6.1: name and value of an entry. */
  #indexed(first: number): void {
    const index = this.#integer(first, 0x7f)
    this.#entryName(index)
    const field = this.#field
    field.valueBytes = field.nameBytes
    field.valueStart = field.nameEnd
    if (index <= STATIC_TABLE_LENGTH) field.valueEnd = STATIC_OFFSETS[2 * index + 2] as number
    else {
      const table = this.#table
      field.valueEnd = field.nameEnd + table.valueLength(table.entry(index - STATIC_TABLE_LENGTH - 1))
    }
  }

  /** Section 6.2: a literal value, with a literal name or an entry's; `mask`: the bits of the name's index. */
  #literal(first: number, mask: number): void {
    const field = this.#field
    this.#scratchLength = 0
    if ((first & mask) === 0) {
      this.#string()
      field.nameBytes = this.#stringBytes
      field.nameStart = this.#stringStart
      field.nameEnd = this.#stringEnd
      field.kind = this.#names.kindOf(field.nameBytes, field.nameStart, field.nameEnd)
    } else this.#entryName(this.#integer(first, mask))
    this.#string()
    field.valueBytes = this.#stringBytes
    field.valueStart = this.#stringStart
    field.valueEnd = this.#stringEnd
    if (mask === 0x3f && this.#error === '') this.#remember()
  }

  #entryName(index: number): void {
    const field = this.#field
    if (index <= STATIC_TABLE_LENGTH) {
      if (index === 0) this.#refuse('the index 0')
      field.kind = this.#names.staticKinds[index] as number
      field.nameBytes = STATIC_BYTES
      field.nameStart = STATIC_OFFSETS[2 * index] as number
      field.nameEnd = STATIC_OFFSETS[2 * index + 1] as number
      return
    }
    const table = this.#table
    const age = index - STATIC_TABLE_LENGTH - 1
    if (age >= table.count) {
      this.#refuse(`the index ${index}, which is beyond the table`)
      return
    }
    const entry = table.entry(age)
    field.kind = table.kind(entry)
    field.nameBytes = table.bytes
    field.nameStart = table.nameStart(entry)
    field.nameEnd = field.nameStart + table.nameLength(entry)
  }

  /** Section 5.2: a string, into the registers. */
  #string(): void {
    if (this.#position >= this.#end) {
      this.#refuse('the end of the section within a field')
      return
    }
    const first = this.#bytes[this.#position++] as number
    const length = this.#integer(first, 0x7f)
    const start = this.#position
    const end = start + length
    if (end > this.#end) {
      this.#refuse('a string that is longer than the section')
      return
    }
    this.#position = end
    if (first < 0x80) {
      this.#stringBytes = this.#bytes
      this.#stringStart = start
      this.#stringEnd = end
    } else this.#huffmanString(start, end)
  }

  #huffmanString(start: number, end: number): void {
    const from = this.#scratchLength
    const needed = from + maxDecodedLength(end - start)
    // The field's name may be in the old one: it stays alive and unchanged until the sink has seen the field.
    if (needed > this.#scratch.length) this.#scratch = new Uint8Array(needed * 2)
    const to = decodeHuffman(this.#bytes, start, end, this.#scratch, from)
    if (to < 0) this.#refuse('a string that is not Huffman code')
    this.#stringBytes = this.#scratch
    this.#stringStart = from
    this.#stringEnd = to
    this.#scratchLength = to
  }

  /** Section 5.1: an integer that starts in the bits of `mask`. */
  #integer(first: number, mask: number): number {
    const prefix = first & mask
    return prefix < mask ? prefix : this.#longInteger(mask)
  }

  #longInteger(prefix: number): number {
    let value = prefix
    for (let shift = 0; this.#position < this.#end; shift += 7) {
      const byte = this.#bytes[this.#position++] as number
      value += (byte & 0x7f) << shift
      if (shift > 21 || value > MAX_HPACK_INTEGER) {
        this.#refuse('an integer that is too large')
        return 0
      }
      if (byte < 0x80) return value
    }
    this.#refuse('the end of the section within an integer')
    return 0
  }

  /** Enters the field into the table (section 6.2.1). */
  #remember(): void {
    const field = this.#field
    const { nameBytes, nameStart, nameEnd, valueBytes, valueStart, valueEnd } = field
    const table = this.#table
    let at = table.insert(nameEnd - nameStart, valueEnd - valueStart, field.kind)
    if (at < 0) return
    const bytes = table.bytes
    for (let i = nameStart; i < nameEnd; i++) bytes[at++] = nameBytes[i] as number
    for (let i = valueStart; i < valueEnd; i++) bytes[at++] = valueBytes[i] as number
  }
}
