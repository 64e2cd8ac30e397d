import { staticNameIndex } from './hpack-encoder-table.js'

/**
 * How a field goes over the wire (RFC 7541 section 6.2): `incremental` enters the peer's dynamic table, so that the next
 * one costs a byte; `without` does not; `never` tells proxies too that the value is a secret.
 */
export type Indexing = 'incremental' | 'without' | 'never'

const NAME = /^:?[a-z0-9!#$%&'*+\-.^_`|~]+$/

/** Throws on a field that may not be sent (RFC 9113 section 8.2.1). */
export function assertField(name: string, value: string): void {
  if (!NAME.test(name))
    throw new TypeError(`"${name}" is no HTTP/2 field name: lower-case token characters only`)
  for (let i = 0; i < value.length; i++) {
    const character = value.charCodeAt(i)
    if (character === 0 || character === 10 || character === 13 || character > 0xff) {
      throw new TypeError(
        `the value of "${name}" has a character that HTTP/2 does not permit at position ${i}`,
      )
    }
  }
  if (value !== value.trim()) throw new TypeError(`the value of "${name}" starts or ends with white space`)
}

/** A name whose values change with each request; made once and kept, since it remembers its index. */
export class FieldName {
  readonly text: string
  /** Index in the static table, 0 when it is not there. */
  readonly staticIndex: number
  /** Encoder: table version for which `cachedIndex` holds. */
  cachedVersion: number = 0
  /** Encoder: where the name was in the table of that version. */
  cachedIndex: number = 0

  constructor(text: string) {
    assertField(text, '')
    this.text = text
    this.staticIndex = staticNameIndex(text)
  }
}

/** One constant field of a template. */
export interface TemplateField {
  readonly name: string
  readonly value: string
  readonly indexing: Indexing
}

/** Fields that many requests have in common; made once and kept, since it remembers its own encoding. */
export class FieldTemplate {
  readonly fields: readonly TemplateField[]
  /** Encoder: table version for which `cachedBytes` holds. */
  cachedVersion: number = 0
  /** Encoder: the fields as they are encoded with the table of that version. */
  cachedBytes: Uint8Array = new Uint8Array(0)

  constructor(fields: readonly TemplateField[]) {
    for (const { name, value } of fields) assertField(name, value)
    this.fields = fields.map((field) => ({ ...field }))
  }
}
