import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, test } from 'node:test'
import { ByteWriter } from '#src/protocol/http2/byte-writer.js'
import { HpackDecoder } from '#src/protocol/http2/hpack-decoder.js'
import { HpackEncoder } from '#src/protocol/http2/hpack-encoder.js'
import { FieldName, FieldTemplate, type Indexing } from '#src/protocol/http2/request-field.js'
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
/** What a peer may say in the middle of a story: down, up, both before the next block. */
const LIMITS = [[0, 4096], [100], [65_536], [31, 500]] as const

const stories = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.json'))
  .sort()
let blocks = 0
let encodedBlocks = 0
after(() => {
  console.log(
    `vectors: ${stories.length} HPACK stories, ${blocks} header blocks, ${encodedBlocks} encoded anew`,
  )
})

function decode(decoder: HpackDecoder, block: Uint8Array): Field[] {
  const fields: Field[] = []
  // In the middle of other bytes, as in a frame, and with a sink of its own.
  const frame = Buffer.concat([Buffer.of(0x82), block, Buffer.of(0x82)])
  const error = decoder.decode(frame, 1, frame.length - 1, {
    field: (field) => fields.push([field.name(), field.value()]),
  })
  assert.equal(error, '')
  return fields
}

function fieldsOf(headers: readonly Readonly<Record<string, string>>[]): Field[] {
  return headers.flatMap((header) => Object.entries(header))
}

/** Writes a story's blocks one by one with an encoder, and decodes each. */
class Echo {
  readonly #writer = new ByteWriter(1024)
  readonly #encoder = new HpackEncoder(this.#writer)
  readonly #decoder = new HpackDecoder(NAMES)

  /** The peer's SETTINGS_HEADER_TABLE_SIZE at our end, and the acknowledgement of it at the other. */
  limitTable(limit: number): void {
    this.#encoder.limitTable(limit)
    this.#decoder.limitTable(Math.min(limit, 4096))
  }

  fields(write: (encoder: HpackEncoder) => void): Field[] {
    this.#writer.truncate(0)
    this.#encoder.begin()
    write(this.#encoder)
    this.#encoder.finish()
    encodedBlocks++
    return decode(this.#decoder, this.#writer.slice())
  }
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
      const echo = new Echo()
      for (const { headers } of cases) {
        const fields = fieldsOf(headers)
        const decoded = echo.fields((encoder) => {
          for (const [name, value] of fields) encoder.field(name, value, indexing)
        })
        assert.deepEqual(decoded, fields)
      }
    })
  }

  test(`literals of ${path} decode to the same`, () => {
    const echo = new Echo()
    const names = new Map<string, FieldName>()
    for (const { headers } of cases) {
      const fields = fieldsOf(headers)
      const decoded = echo.fields((encoder) => {
        for (const [text, value] of fields) {
          const name = names.get(text) ?? new FieldName(text)
          names.set(text, name)
          encoder.literal(name, value.length).latin1(value)
        }
      })
      assert.deepEqual(decoded, fields)
    }
  })

  test(`fields and templates of ${path} decode to the same while the table's size moves`, () => {
    const echo = new Echo()
    for (const [position, { headers }] of cases.entries()) {
      const fields = fieldsOf(headers)
      const template = new FieldTemplate(
        fields.map(([name, value]) => ({ name, value, indexing: 'incremental' })),
      )
      if (position % 3 === 1)
        for (const limit of LIMITS[position % LIMITS.length] ?? []) echo.limitTable(limit)
      // The second time from the template's own memory, where the table did not change; then without it.
      for (let round = 0; round < 2; round++) {
        const decoded = echo.fields((encoder) => encoder.template(template))
        assert.deepEqual(decoded, fields)
      }
      const decoded = echo.fields((encoder) => {
        for (const [name, value] of fields) encoder.field(name, value, 'incremental')
      })
      assert.deepEqual(decoded, fields)
    }
  })
}
