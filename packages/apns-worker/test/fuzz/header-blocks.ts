import type { Random } from './random.js'
import { HUFFMAN_CODES } from './reference-hpack.js'

const NAMES = [
  'apns-id',
  'content-type',
  'retry-after',
  'x-trailer',
  'date',
  'server',
  'apns-unique-id',
] as const
const VALUES = [
  '',
  'x',
  'application/json',
  '8f6f1b2c-2a48-4c5b-9c9d-1f7d3d9b0a11',
  'Tue, 01 Jun 2027 12:00:00 GMT',
  'v'.repeat(300),
  'w'.repeat(1500),
] as const
/** Statuses that the static table has, by their index (RFC 7541 appendix A). */
const STATIC_STATUSES = [8, 9, 10, 11, 12, 13, 14] as const
const STATUS_NAME = 8
const STATIC_ENTRIES = 61

/** Writes header blocks as a server may, with all that HPACK offers, and remembers how many entries its table has. */
export class BlockWriter {
  readonly #random: Random
  #entries = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** A response's head, informational or final. */
  head(informational = false): Buffer {
    return Buffer.concat([this.#sizeUpdate(), this.#status(informational), this.fields()])
  }

  /** Some fields without a status: trailers. */
  fields(): Buffer {
    return Buffer.concat(Array.from({ length: this.#random.below(4) }, () => this.#field()))
  }

  #status(informational: boolean): Buffer {
    const random = this.#random
    if (informational)
      return Buffer.concat([Buffer.of(STATUS_NAME), this.#string(random.pick(['100', '103']))])
    if (!random.once(3)) return Buffer.of(0x80 | random.pick(STATIC_STATUSES))
    return Buffer.concat([Buffer.of(STATUS_NAME), this.#string(String(200 + random.below(400)))])
  }

  #field(): Buffer {
    const random = this.#random
    const kind = this.#entries > 0 ? random.below(5) : 1 + random.below(4)
    if (kind === 0) return integer(STATIC_ENTRIES + 1 + random.below(this.#entries), 7, 0x80)
    const name = random.pick(NAMES)
    const value = this.#string(random.pick(VALUES))
    if (kind < 3) this.#entries += 1
    if (kind === 1) return Buffer.concat([integer(this.#name(), 6, 0x40), value])
    if (kind === 2) return Buffer.concat([Buffer.of(0x40), this.#string(name), value])
    return Buffer.concat([Buffer.of(random.pick([0x00, 0x10])), this.#string(name), value])
  }

  /** The index of an entry that has a field's name: a static one, or the last or second last of the dynamic ones. */
  #name(): number {
    const dynamic = STATIC_ENTRIES + 1 + this.#random.below(2)
    return this.#entries > 2 && this.#random.once(2) ? dynamic : 28 + this.#random.below(30)
  }

  #sizeUpdate(): Buffer {
    if (!this.#random.once(12)) return Buffer.alloc(0)
    this.#entries = 0
    // Down to nothing empties the table, whatever it held.
    return Buffer.concat([integer(0, 5, 0x20), integer(this.#random.below(4097), 5, 0x20)])
  }

  #string(text: string): Buffer {
    const bytes = Buffer.from(text, 'latin1')
    if (this.#random.once(2)) return Buffer.concat([integer(bytes.length, 7, 0), bytes])
    const coded = huffman(bytes)
    return Buffer.concat([integer(coded.length, 7, 0x80), coded])
  }
}

/** RFC 7541 section 5.1. */
export function integer(value: number, prefixBits: number, pattern: number): Buffer {
  const mask = 2 ** prefixBits - 1
  if (value < mask) return Buffer.of(pattern | value)
  const bytes = [pattern | mask]
  for (let rest = value - mask; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push(0x80 | (rest % 128))
  }
}

/** RFC 7541 section 5.2. */
export function huffman(bytes: Uint8Array): Buffer {
  const bits = Array.from(bytes, (byte) => HUFFMAN_CODES[byte]).join('')
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1')
  return Buffer.from(padded.match(/.{8}/g)?.map((octet) => Number.parseInt(octet, 2)) ?? [])
}
