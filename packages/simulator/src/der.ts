/**
 * The Distinguished Encoding Rules of ASN.1 (ITU-T X.690), as much of them as X.509 certificates need: an
 * encoder made of small functions that return bytes, and a reader that walks a tree.
 */

const UNIVERSAL = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const

/** First year that no longer fits UTCTime (RFC 5280 section 4.1.2.5). */
const FIRST_GENERALIZED_YEAR = 2050

/** One element: tag, length, contents. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body])
  const length: number[] = []
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256)
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length, ...length), body])
}

export function sequence(...items: readonly Uint8Array[]): Buffer {
  return element(UNIVERSAL.sequence, ...items)
}

export function set(...items: readonly Uint8Array[]): Buffer {
  return element(UNIVERSAL.set, ...items)
}

/** A context-specific constructed tag, as in `[3] EXPLICIT`. */
export function explicit(number: number, ...items: readonly Uint8Array[]): Buffer {
  return element(0xa0 | number, ...items)
}

export function boolean(value: boolean): Buffer {
  return element(UNIVERSAL.boolean, Buffer.of(value ? 0xff : 0))
}

/** A non-negative integer given as big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const positive = ((bytes[0] ?? 0) & 0x80) !== 0 ? Buffer.concat([Buffer.of(0), bytes]) : bytes
  return element(UNIVERSAL.integer, positive)
}

export function octetString(contents: Uint8Array): Buffer {
  return element(UNIVERSAL.octetString, contents)
}

/** A bit string; `unused` is the number of unused bits in the last byte. */
export function bitString(contents: Uint8Array, unused = 0): Buffer {
  return element(UNIVERSAL.bitString, Buffer.of(unused), contents)
}

export function utf8String(text: string): Buffer {
  return element(UNIVERSAL.utf8String, Buffer.from(text, 'utf8'))
}

/** An object identifier in dotted notation. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes: number[] = [first * 40 + second]
  for (const arc of rest) {
    const groups = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift(0x80 | (left % 128))
    }
    bytes.push(...groups)
  }
  return element(UNIVERSAL.objectIdentifier, Buffer.from(bytes))
}

/** A time to the second: UTCTime until 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5). */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]|\.\d+Z$/g, '')}Z`
  return date.getUTCFullYear() < FIRST_GENERALIZED_YEAR
    ? element(UNIVERSAL.utcTime, Buffer.from(digits.slice(2), 'latin1'))
    : element(UNIVERSAL.generalizedTime, Buffer.from(digits, 'latin1'))
}

/** One element of a parsed tree. `children` is empty for primitive elements. */
export interface DerElement {
  readonly tag: number
  readonly contents: Buffer
  readonly children: readonly DerElement[]
}

/** Reads the one element that `bytes` holds. Throws a RangeError when the bytes are no DER. */
export function parseDer(bytes: Buffer): DerElement {
  const [parsed] = parseAll(bytes)
  if (parsed === undefined) throw new RangeError('DER: no element')
  return parsed
}

/** The dotted notation of an OBJECT IDENTIFIER element. */
export function readObjectIdentifier(source: DerElement): string {
  const first = source.contents[0] ?? 0
  const arcs = [Math.min(2, Math.floor(first / 40)), 0]
  arcs[1] = first - (arcs[0] ?? 0) * 40
  let arc = 0
  for (const byte of source.contents.subarray(1)) {
    arc = arc * 128 + (byte & 0x7f)
    if ((byte & 0x80) === 0) {
      arcs.push(arc)
      arc = 0
    }
  }
  return arcs.join('.')
}

function parseAll(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = []
  let offset = 0
  while (offset < bytes.length) {
    const tag = bytes.readUInt8(offset)
    let length = bytes.readUInt8(offset + 1)
    offset += 2
    if (length >= 0x80) {
      const lengthBytes = length & 0x7f
      length = bytes.readUIntBE(offset, lengthBytes)
      offset += lengthBytes
    }
    if (offset + length > bytes.length) throw new RangeError('DER: an element ends behind its parent')
    const contents = bytes.subarray(offset, offset + length)
    const constructed = (tag & 0x20) !== 0
    elements.push({ tag, contents, children: constructed ? parseAll(contents) : [] })
    offset += length
  }
  return elements
}
