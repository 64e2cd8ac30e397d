import assert from 'node:assert/strict'
import { ByteWriter } from '#src/protocol/http2/byte-writer.js'
import type { HpackDecoder } from '#src/protocol/http2/hpack-decoder.js'
import { HpackEncoder } from '#src/protocol/http2/hpack-encoder.js'

export type Field = readonly [name: string, value: string]

/** What a decoder makes of a block: its fields, or what is wrong with it. */
export function tryDecode(decoder: HpackDecoder, block: Uint8Array): Field[] | string {
  const fields: Field[] = []
  // Not at the beginning of its buffer, as in a frame.
  const bytes = Buffer.concat([Buffer.from([0xff, 0xff]), block, Buffer.from([0xff])])
  const error = decoder.decode(bytes, 2, bytes.length - 1, {
    field: (field) => fields.push([field.name(), field.value()]),
  })
  return error === '' ? fields : error
}

/** The fields of a block that is in order. */
export function decode(decoder: HpackDecoder, block: Uint8Array | string): Field[] {
  const bytes = typeof block === 'string' ? Buffer.from(block.replaceAll(' ', ''), 'hex') : block
  const fields = tryDecode(decoder, bytes)
  assert.ok(typeof fields !== 'string', String(fields))
  return fields
}

/** An encoder that gives each block on its own. */
export class BlockEncoder {
  readonly writer: ByteWriter = new ByteWriter(16)
  readonly encoder: HpackEncoder = new HpackEncoder(this.writer)

  block(write: (encoder: HpackEncoder) => void): Buffer {
    this.writer.truncate(0)
    this.encoder.begin()
    write(this.encoder)
    this.encoder.finish()
    return Buffer.from(this.writer.slice())
  }

  fields(fields: readonly Field[]): Buffer {
    return this.block((encoder) => {
      for (const [name, value] of fields) encoder.field(name, value, 'incremental')
    })
  }
}
