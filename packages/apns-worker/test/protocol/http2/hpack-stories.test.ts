import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, test } from 'node:test'
import { ByteWriter } from '#src/protocol/http2/byte-writer.js'
import { HpackDecoder } from '#src/protocol/http2/hpack-decoder.js'
import { HpackEncoder } from '#src/protocol/http2/hpack-encoder.js'
import { FieldTemplate, type Indexing } from '#src/protocol/http2/request-field.js'
import { ResponseFieldNames } from '#src/protocol/http2/response-field-names.js'
import { readVectors } from '../../support/vectors.js'

interface Story {
  readonly cases: readonly {
    readonly wire: string
    readonly headers: readonly Readonly<Record<string, string>>[]
    /** The decoder's limit from this block on. */
    readonly header_table_size?: number
  }[]
}

type Field = readonly [name: string, value: string]

const ROOT = new URL('../../../test/vectors/hpack/', import.meta.url)
/** Larger than any limit in the stories. */
const LARGEST_TABLE = 65_536
const NAMES = new ResponseFieldNames([])

const stories = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.json'))
  .sort()
let blocks = 0
after(() => console.log(`vectors: ${stories.length} HPACK stories, ${blocks} header blocks`))

function decode(decoder: HpackDecoder, block: Uint8Array): Field[] {
  const fields: Field[] = []
  const error = decoder.decode(block, 0, block.length, {
    field: (field) => fields.push([field.name(), field.value()]),
  })
  assert.equal(error, '')
  return fields
}

function fieldsOf(headers: readonly Readonly<Record<string, string>>[]): Field[] {
  return headers.flatMap((header) => Object.entries(header))
}

function encode(
  write: (encoder: HpackEncoder) => void,
  encoder: HpackEncoder,
  writer: ByteWriter,
): Uint8Array {
  writer.truncate(0)
  encoder.begin()
  write(encoder)
  encoder.finish()
  return writer.slice()
}

for (const path of stories) {
  const { cases } = readVectors<Story>(`hpack/${path}`)

  test(`decodes ${path}`, () => {
    const decoder = new HpackDecoder(NAMES, LARGEST_TABLE)
    let limit = 4096
    for (const { wire, headers, header_table_size: size } of cases) {
      if (size !== undefined && size !== limit) {
        decoder.limitTable(size)
        limit = size
      }
      assert.deepEqual(decode(decoder, Buffer.from(wire, 'hex')), fieldsOf(headers))
      assert.ok(decoder.tableSize <= limit)
      blocks++
    }
  })

  for (const indexing of ['incremental', 'without', 'never'] as const satisfies readonly Indexing[]) {
    test(`what is encoded of ${path}, ${indexing}, decodes to the same`, () => {
      const writer = new ByteWriter(1024)
      const encoder = new HpackEncoder(writer)
      const decoder = new HpackDecoder(NAMES)
      for (const { headers } of cases) {
        const fields = fieldsOf(headers)
        const block = encode(
          () => {
            for (const [name, value] of fields) encoder.field(name, value, indexing)
          },
          encoder,
          writer,
        )
        assert.deepEqual(decode(decoder, block), fields)
      }
    })
  }

  test(`templates of ${path} decode to the same while the peer moves its table size`, () => {
    const writer = new ByteWriter(1024)
    const encoder = new HpackEncoder(writer)
    const decoder = new HpackDecoder(NAMES)
    for (const [position, { headers }] of cases.entries()) {
      const fields = fieldsOf(headers)
      const template = new FieldTemplate(
        fields.map(([name, value]) => ({ name, value, indexing: 'incremental' })),
      )
      if (position % 3 === 1) encoder.limitTable([0, 128, 1024, 4096][position % 4] ?? 0)
      // Twice: the second time from the template's own memory, where the table did not change.
      for (let round = 0; round < 2; round++) {
        const block = encode(() => encoder.template(template), encoder, writer)
        assert.deepEqual(decode(decoder, block), fields)
      }
    }
  })
}
