import { ENTRY_OVERHEAD_BYTES } from './hpack-static-table.js'

/** Columns of an entry in `#entries`. */
const NAME_START = 0
const NAME_LENGTH = 1
const VALUE_LENGTH = 2
const KIND = 3
const COLUMNS = 4

/**
 * The peer's side of the dynamic table (RFC 7541 section 2.3.2): names and values as bytes in one circular buffer, their
 * positions in another. Nothing is allocated when an entry comes or goes, and no string is made.
 *
 * The buffer is three times the table's largest size: live entries take one at most, the gap at the end that an entry did
 * not fit into less than another, and a new entry the third. So what was just evicted is still there when the new entry is
 * written, which may take its name from it (RFC 7541 section 4.4).
 */
export class DecoderTable {
  /** Where the names and values of all entries are. */
  readonly bytes: Uint8Array
  readonly #entries: Int32Array
  readonly #mask: number
  /** How many entries there are. */
  #count = 0
  /** Number of the next entry, modulo 2^32; entries are numbered in the order of insertion. */
  #inserted = 0
  #size = 0
  #capacity: number
  /** Where the next entry's bytes go. */
  #head = 0

  constructor(capacity: number, largestCapacity: number) {
    let slots = 1
    while (slots < largestCapacity / ENTRY_OVERHEAD_BYTES + 1) slots *= 2
    this.bytes = new Uint8Array(largestCapacity * 3)
    this.#entries = new Int32Array(slots * COLUMNS)
    this.#mask = slots - 1
    this.#capacity = capacity
  }

  /** Number of entries. */
  get count(): number {
    return this.#count
  }

  /** Size in bytes, entry overhead included (RFC 7541 section 4.1). */
  get size(): number {
    return this.#size
  }

  /** The present size limit. */
  get capacity(): number {
    return this.#capacity
  }

  /** A dynamic table size update (RFC 7541 section 6.3): at most the largest capacity given to the constructor. */
  resize(capacity: number): void {
    this.#capacity = capacity
    this.#evictTo(capacity)
  }

  /**
   * Makes an entry and returns the position in `bytes` for its name, directly followed by its value; -1 for an entry that
   * is larger than the table, which empties the table (RFC 7541 section 4.4).
   */
  insert(nameLength: number, valueLength: number, kind: number): number {
    const size = nameLength + valueLength + ENTRY_OVERHEAD_BYTES
    this.#evictTo(this.#capacity - size)
    if (size > this.#capacity) return -1
    if (this.#head + nameLength + valueLength > this.bytes.length) this.#head = 0
    const start = this.#head
    const at = (this.#inserted & this.#mask) * COLUMNS
    this.#entries[at + NAME_START] = start
    this.#entries[at + NAME_LENGTH] = nameLength
    this.#entries[at + VALUE_LENGTH] = valueLength
    this.#entries[at + KIND] = kind
    this.#inserted = (this.#inserted + 1) | 0
    this.#count += 1
    this.#size += size
    this.#head = start + nameLength + valueLength
    return start
  }

  /** Handle, for the methods below, of the entry that came `age` insertions before the last one (0: the last). */
  entry(age: number): number {
    return ((this.#inserted - 1 - age) & this.#mask) * COLUMNS
  }

  nameStart(entry: number): number {
    return this.#entries[entry + NAME_START] as number
  }

  nameLength(entry: number): number {
    return this.#entries[entry + NAME_LENGTH] as number
  }

  valueLength(entry: number): number {
    return this.#entries[entry + VALUE_LENGTH] as number
  }

  kind(entry: number): number {
    return this.#entries[entry + KIND] as number
  }

  #evictTo(bytes: number): void {
    while (this.#size > bytes && this.#count > 0) {
      const oldest = this.entry(this.#count - 1)
      this.#size -= this.nameLength(oldest) + this.valueLength(oldest) + ENTRY_OVERHEAD_BYTES
      this.#count -= 1
    }
  }
}
