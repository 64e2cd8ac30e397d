const HEX_HIGH = Uint8Array.from({ length: 256 }, (_, byte) => '0123456789abcdef'.charCodeAt(byte >>> 4))
const HEX_LOW = Uint8Array.from({ length: 256 }, (_, byte) => '0123456789abcdef'.charCodeAt(byte & 15))

/** Below this many bytes a loop beats `TypedArray.prototype.set`, whose call costs about 40 ns. */
const LOOP_COPY_BYTES = 32

/** Below this many characters a loop beats the call of Node's encoder. */
const LOOP_LATIN1_LENGTH = 32

/** Bytes that are written one after the other into a buffer that grows. */
export class ByteWriter {
  #bytes: Buffer
  #length = 0

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity)
  }

  /** Number of bytes written. */
  get length(): number {
    return this.#length
  }

  /** Makes sure that `count` more bytes fit. The methods that write call it themselves. */
  reserve(count: number): void {
    if (this.#bytes.length - this.#length < count) this.#grow(count)
  }

  /** One byte: the lowest eight bits of `value`. */
  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1)
    this.#bytes[this.#length++] = value
  }

  /** `source[start, end)`, by default all of it. */
  bytes(source: Uint8Array, start: number = 0, end: number = source.length): void {
    const count = end - start
    if (this.#bytes.length - this.#length < count) this.#grow(count)
    const target = this.#bytes
    let at = this.#length
    this.#length = at + count
    if (count > LOOP_COPY_BYTES) {
      target.set(count === source.length ? source : source.subarray(start, end), at)
    } else {
      for (let i = start; i < end; i++) target[at++] = source[i] as number
    }
  }

  /** A string of characters up to U+00FF, one byte each. */
  latin1(text: string): void {
    const count = text.length
    if (this.#bytes.length - this.#length < count) this.#grow(count)
    const target = this.#bytes
    let at = this.#length
    this.#length = at + count
    if (count > LOOP_LATIN1_LENGTH) target.write(text, at, count, 'latin1')
    else for (let i = 0; i < count; i++) target[at++] = text.charCodeAt(i)
  }

  /** `source[start, end)` as lower-case hexadecimal digits, two for each byte. */
  hex(source: Uint8Array, start: number = 0, end: number = source.length): void {
    const count = (end - start) * 2
    if (this.#bytes.length - this.#length < count) this.#grow(count)
    const target = this.#bytes
    let at = this.#length
    for (let i = start; i < end; i++) {
      const byte = source[i] as number
      target[at] = HEX_HIGH[byte] as number
      target[at + 1] = HEX_LOW[byte] as number
      at += 2
    }
    this.#length = at
  }

  /** The lowest bits of a number as lower-case hexadecimal digits, at most eight. */
  hexDigits(value: number, digits: number): void {
    this.reserve(digits)
    let at = this.#length
    for (let shift = digits * 4 - 4; shift >= 0; shift -= 4)
      this.#bytes[at++] = HEX_LOW[(value >>> shift) & 15] as number
    this.#length = at
  }

  /** A number of 32 bits, most significant byte first. */
  uint32(value: number): void {
    this.reserve(4)
    this.setUint32(this.#length, value)
    this.#length += 4
  }

  /** Overwrites four bytes that were written (or skipped) before. */
  setUint32(position: number, value: number): void {
    const target = this.#bytes
    target[position] = value >>> 24
    target[position + 1] = value >>> 16
    target[position + 2] = value >>> 8
    target[position + 3] = value
  }

  /** Leaves `count` bytes to be filled in later. */
  skip(count: number): void {
    this.reserve(count)
    this.#length += count
  }

  /**
   * A frame's header (RFC 9113 section 4.1), over nine bytes that were skipped before; `typeAndFlags` is
   * `type << 8 | flags`.
   */
  setFrameHeader(position: number, length: number, typeAndFlags: number, streamId: number): void {
    const target = this.#bytes
    target[position] = length >>> 16
    target[position + 1] = length >>> 8
    target[position + 2] = length
    target[position + 3] = typeAndFlags >>> 8
    target[position + 4] = typeAndFlags
    target[position + 5] = streamId >>> 24
    target[position + 6] = streamId >>> 16
    target[position + 7] = streamId >>> 8
    target[position + 8] = streamId
  }

  /** A frame's header at the end. */
  frameHeader(length: number, typeAndFlags: number, streamId: number): void {
    const position = this.#length
    this.skip(9)
    this.setFrameHeader(position, length, typeAndFlags, streamId)
  }

  /** Moves `[start, length)` up by `count` bytes, to insert something before it. */
  shift(start: number, count: number): void {
    this.reserve(count)
    this.#bytes.copyWithin(start + count, start, this.#length)
    this.#length += count
  }

  /** Forgets everything after the first `length` bytes. */
  truncate(length: number): void {
    this.#length = length
  }

  /** A copy of `[start, end)` of what was written. */
  slice(start: number = 0, end: number = this.#length): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#bytes, start, end)
  }

  /** Hands over what was written and goes on, empty, with `next`. */
  take(next: Buffer): Uint8Array {
    const written = this.#bytes.subarray(0, this.#length)
    this.#bytes = next
    this.#length = 0
    return written
  }

  #grow(count: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + count))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}
