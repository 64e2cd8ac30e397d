import { ENTRY_OVERHEAD_BYTES, STATIC_TABLE, STATIC_TABLE_LENGTH } from './hpack-static-table.js'

const SEPARATOR = '\u0000'

const STATIC_FIELDS = new Map<string, number>()
const STATIC_NAMES = new Map<string, number>()
for (const [position, [name, value]] of STATIC_TABLE.entries()) {
  STATIC_FIELDS.set(name + SEPARATOR + value, position + 1)
  if (!STATIC_NAMES.has(name)) STATIC_NAMES.set(name, position + 1)
}

/** The static table's index of a name, 0 when it has none. */
export function staticNameIndex(name: string): number {
  return STATIC_NAMES.get(name) ?? 0
}

interface Entry {
  readonly name: string
  /** `name NUL value`; undefined when the value is not known as a string and never to be matched. */
  readonly field: string | undefined
  readonly size: number
}

let lastVersion = 0

/**
 * Our side of the dynamic table (RFC 7541 section 2.3.2), as an encoder needs it: from fields and names to indices.
 * Entries are numbered in the order of insertion; the index on the wire follows from how many came after.
 */
export class EncoderTable {
  readonly #entries: Entry[] = []
  readonly #fields = new Map<string, number>()
  readonly #names = new Map<string, number>()
  #inserted = 0
  #bytes = 0
  #capacity: number
  #version = ++lastVersion

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Differs, among all tables of the process, whenever an index may have changed: what a cache compares. */
  get version(): number {
    return this.#version
  }

  /** Size limit in bytes, entry overhead included. */
  get capacity(): number {
    return this.#capacity
  }

  /** Whether an entry of this size can be in the table at all. */
  fits(nameLength: number, valueLength: number): boolean {
    return nameLength + valueLength + ENTRY_OVERHEAD_BYTES <= this.#capacity
  }

  /** The index of a field with this very value, 0 when there is none. */
  fieldIndex(name: string, value: string): number {
    const field = name + SEPARATOR + value
    return STATIC_FIELDS.get(field) ?? this.#index(this.#fields.get(field))
  }

  /** The index of any field with this name, 0 when there is none. */
  nameIndex(name: string): number {
    return STATIC_NAMES.get(name) ?? this.#index(this.#names.get(name))
  }

  /** Adds an entry that `fits`, as "incremental indexing" does; the oldest make room (section 4.4). */
  insert(name: string, value: string | undefined, valueLength: number): void {
    const size = name.length + valueLength + ENTRY_OVERHEAD_BYTES
    this.#evictTo(this.#capacity - size)
    this.#version = ++lastVersion
    const field = value === undefined ? undefined : name + SEPARATOR + value
    this.#entries.push({ name, field, size })
    this.#bytes += size
    this.#names.set(name, this.#inserted)
    if (field !== undefined) this.#fields.set(field, this.#inserted)
    this.#inserted += 1
  }

  /** Changes the size limit and evicts what no longer fits (section 4.3). */
  resize(capacity: number): void {
    this.#capacity = capacity
    this.#evictTo(capacity)
    this.#version = ++lastVersion
  }

  #index(number: number | undefined): number {
    return number === undefined ? 0 : STATIC_TABLE_LENGTH + this.#inserted - number
  }

  #evictTo(bytes: number): void {
    while (this.#bytes > bytes) {
      const number = this.#inserted - this.#entries.length
      const oldest = this.#entries.shift()
      if (oldest === undefined) return
      this.#bytes -= oldest.size
      if (this.#names.get(oldest.name) === number) this.#names.delete(oldest.name)
      if (oldest.field !== undefined && this.#fields.get(oldest.field) === number) {
        this.#fields.delete(oldest.field)
      }
    }
  }
}
