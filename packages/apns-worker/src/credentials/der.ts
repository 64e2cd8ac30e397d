/**
 * A reader for the parts of DER (X.690) that certificates and PKCS#12 files use.
 *
 * It works on one level at a time and never recurses, so hostile nesting costs nothing; every length is checked
 * against the bytes at hand; nothing but {@link DerError} is thrown. Not read: tag numbers above 30 and BER's indefinite lengths.
 */

/** Identifier octets (class, constructed bit and number in one byte). */
export const TAG = {
  integer: 0x02,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  /** `[0]` of the context class, constructed: explicit tags, and implicit ones of constructed types. */
  context0: 0xa0,
  /** `[0]` of the context class, primitive: an implicitly tagged OCTET STRING. */
  context0Primitive: 0x80,
  context3: 0xa3,
} as const

/** The bytes are not the DER that was expected. The message names no content. */
export class DerError extends Error {
  override readonly name = 'DerError'
}

/** One element: `content` and `raw` (header included) are views on the input, not copies. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  readonly raw: Buffer
}

/** Integers above this are refused: versions, iteration counts and key lengths are all that we read. */
const MAX_INTEGER_BYTES = 4
/** A real object identifier has about a dozen arcs of a few bytes. */
const MAX_OBJECT_IDENTIFIER_BYTES = 64

/** Reads the element that starts at `offset`; bytes after it are left alone. */
export function readElementAt(bytes: Uint8Array, offset: number): DerElement {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tag = buffer[offset]
  const firstLength = buffer[offset + 1]
  if (tag === undefined || firstLength === undefined) throw new DerError('an element is cut off')
  if ((tag & 0x1f) === 0x1f) throw new DerError('a tag number above 30')
  let start = offset + 2
  let length = firstLength
  if (firstLength >= 0x80) {
    const lengthBytes = firstLength & 0x7f
    if (lengthBytes === 0) throw new DerError('an indefinite length (BER)')
    if (lengthBytes > 4) throw new DerError('a length of more than four bytes')
    if (start + lengthBytes > buffer.length) throw new DerError('a length is cut off')
    length = buffer.readUIntBE(start, lengthBytes)
    start += lengthBytes
  }
  const end = start + length
  if (end > buffer.length) throw new DerError('an element is longer than what holds it')
  return { tag, content: buffer.subarray(start, end), raw: buffer.subarray(offset, end) }
}

/** Reads an element of the given tag that fills `bytes` to the last one. */
export function readElement(bytes: Uint8Array, tag: number): DerElement {
  const element = expectTag(readElementAt(bytes, 0), tag)
  if (element.raw.length !== bytes.length) throw new DerError('bytes after the last element')
  return element
}

/** The elements inside a SEQUENCE, SET or explicit tag, in order. */
export function readChildren(parent: DerElement): DerElement[] {
  const children: DerElement[] = []
  for (let offset = 0; offset < parent.content.length; ) {
    const child = readElementAt(parent.content, offset)
    children.push(child)
    offset += child.raw.length
  }
  return children
}

/** The single element inside an explicit tag or an OCTET STRING. */
export function readOnlyChild(parent: DerElement, tag: number): DerElement {
  return readElement(parent.content, tag)
}

/** Asserts the tag of an element that may be absent. */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element === undefined) throw new DerError('an element is missing')
  if (element.tag !== tag) {
    throw new DerError(`tag 0x${element.tag.toString(16)} where 0x${tag.toString(16)} belongs`)
  }
  return element
}

/** An INTEGER from 0 to 2^31 - 1. */
export function readInteger(element: DerElement | undefined): number {
  const { content } = expectTag(element, TAG.integer)
  if (content.length === 0 || content.length > MAX_INTEGER_BYTES)
    throw new DerError('an integer out of range')
  const value = content.readIntBE(0, content.length)
  if (value < 0) throw new DerError('a negative integer')
  return value
}

/** An OBJECT IDENTIFIER in dotted form. */
export function readObjectIdentifier(element: DerElement | undefined): string {
  const { content } = expectTag(element, TAG.objectIdentifier)
  if (content.length === 0 || content.length > MAX_OBJECT_IDENTIFIER_BYTES) {
    throw new DerError('an object identifier out of range')
  }
  const arcs: number[] = []
  let arc = 0
  for (const [index, byte] of content.entries()) {
    arc = arc * 128 + (byte & 0x7f)
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new DerError('an object identifier out of range')
    if (byte >= 0x80) {
      if (index === content.length - 1) throw new DerError('an object identifier is cut off')
      continue
    }
    arcs.push(arc)
    arc = 0
  }
  // X.690 8.19.4: the first two arcs share one subidentifier, 40 × first + second.
  const head = arcs[0] ?? 0
  const first = Math.min(Math.floor(head / 40), 2)
  return [first, head - first * 40, ...arcs.slice(1)].join('.')
}

/** The text of any string type that names in certificates use; `undefined` for an element that is not text. */
export function readText(element: DerElement | undefined): string | undefined {
  switch (element?.tag) {
    case TAG.utf8String:
      return element.content.toString('utf8')
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.teletexString:
      return element.content.toString('latin1')
    case TAG.bmpString:
      // UTF-16 big-endian; swap16 works in place, so on a copy, and only on whole units.
      if (element.content.length % 2 !== 0) throw new DerError('a BMPString of odd length')
      return Buffer.from(element.content).swap16().toString('utf16le')
    default:
      return undefined
  }
}
