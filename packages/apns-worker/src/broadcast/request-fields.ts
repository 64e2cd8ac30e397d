import type { HpackEncoder } from '../protocol/http2/hpack-encoder.js'
import type { Indexing } from '../protocol/http2/request-field.js'
import type { RequestHead } from '../protocol/http2/request-head.js'

/** A field of a request, in lower case; undefined is left out. */
export type Field = readonly [name: string, value: string | undefined, indexing: Indexing]

/** The head of a request that is too rare for anything to be prepared. */
export class RequestFields implements RequestHead {
  readonly #fields: readonly Field[]

  constructor(fields: readonly Field[]) {
    this.#fields = fields
  }

  writeFields(encoder: HpackEncoder): void {
    for (const [name, value, indexing] of this.#fields)
      if (value !== undefined) encoder.field(name, value, indexing)
  }
}

/** The fields that every request begins with (RFC 9113, section 8.3.1). */
export function pseudoFields(method: string, authority: string, path: string): readonly Field[] {
  return [
    [':method', method, 'incremental'],
    [':scheme', 'https', 'incremental'],
    [':authority', authority, 'incremental'],
    [':path', path, 'incremental'],
  ]
}

export function authorizationField(providerToken: string | undefined): Field {
  return ['authorization', providerToken && `bearer ${providerToken}`, 'incremental']
}
