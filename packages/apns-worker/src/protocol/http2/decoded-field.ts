/**
 * A field as the HPACK decoder hands it out: registers instead of objects, overwritten by the next field. Name and value
 * are views, since most of them are looked at and forgotten.
 */
export class DecodedField {
  /** What the name means: see `NameKind`. */
  kind: number = 0
  nameBytes: Uint8Array
  nameStart: number = 0
  nameEnd: number = 0
  valueBytes: Uint8Array
  valueStart: number = 0
  valueEnd: number = 0

  constructor(bytes: Uint8Array) {
    this.nameBytes = bytes
    this.valueBytes = bytes
  }

  /** The name as a string. */
  name(): string {
    return latin1(this.nameBytes, this.nameStart, this.nameEnd)
  }

  /** The value as a string: Latin-1, as field values are (RFC 9110 section 5.5). */
  value(): string {
    return latin1(this.valueBytes, this.valueStart, this.valueEnd)
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

/** Receives the fields of a section in order. The field is valid during the call only. */
export interface FieldSink {
  field(field: DecodedField): void
}
