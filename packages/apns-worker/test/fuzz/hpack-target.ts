import { readdirSync } from 'node:fs'
import { HpackDecoder } from '#src/protocol/http2/hpack-decoder.js'
import { ResponseFieldNames } from '#src/protocol/http2/response-field-names.js'
import { readVectors } from '../support/vectors.js'
import { type FuzzTarget, must } from './fuzz-target.js'
import { BlockWriter, integer } from './header-blocks.js'
import { mutateBytes } from './mutations.js'
import type { Random } from './random.js'
import { type Field, ReferenceHpackDecoder, ReferenceHpackError } from './reference-hpack.js'
import { type Step, step } from './step.js'

const ROOT = new URL('../../test/vectors/hpack/', import.meta.url)
const LARGEST_TABLE = 65_536
const MOST_BLOCKS = 40
const MOST_MUTATIONS = 4
const NAMES = new ResponseFieldNames([])

interface Story {
  readonly cases: readonly { readonly wire: string; readonly header_table_size?: number }[]
}

let cached: readonly (readonly Step[])[] | undefined

/** The stories of the vectors, a step for each block and each change of the table's size. */
function stories(): readonly (readonly Step[])[] {
  cached ??= readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json'))
    .sort()
    .map((path) =>
      readVectors<Story>(`hpack/${path}`).cases.flatMap(({ wire, header_table_size: size }) => [
        ...(size === undefined ? [] : [step('limit', size)]),
        step('block', Buffer.from(wire, 'hex')),
      ]),
    )
  return cached
}

/** Stories of other people's encoders, and blocks made here, changed; against a decoder that is plainly right. */
export const HPACK: FuzzTarget = {
  name: 'hpack',
  cpuSeconds: 2,

  make(random) {
    const steps: Step[] = random.once(2)
      ? random.pick(stories()).slice(0, 1 + random.below(MOST_BLOCKS))
      : madeUp(random)
    for (let count = random.below(MOST_MUTATIONS + 1); count > 0 && steps.length > 0; count--)
      mutate(steps, random)
    return steps
  },

  run(steps) {
    const most = Math.max(4096, ...steps.filter(({ verb }) => verb === 'limit').map(({ number }) => number))
    const decoder = new HpackDecoder(NAMES, Math.min(most, LARGEST_TABLE))
    const reference = new ReferenceHpackDecoder()
    let largest = 4096
    for (const { verb, number, bytes } of steps) {
      if (verb === 'limit') {
        const limit = Math.min(number, LARGEST_TABLE)
        largest = Math.max(largest, limit)
        decoder.limitTable(limit)
        reference.limitTable(limit)
        continue
      }
      const expected = decodeWithReference(reference, bytes)
      const found = decodeBlock(decoder, bytes)
      const ours = typeof found === 'string' ? 'refused' : JSON.stringify(found)
      const theirs = expected === undefined ? 'refused' : JSON.stringify(expected)
      must(ours === theirs, () => `decoded ${ours} where the reference has ${theirs}`)
      must(
        decoder.tableSize <= largest,
        () => `a table of ${decoder.tableSize} bytes, where ${largest} is the most`,
      )
      if (expected === undefined) return
    }
  },
}

function madeUp(random: Random): Step[] {
  const writer = new BlockWriter(random)
  return Array.from({ length: 1 + random.below(MOST_BLOCKS) }, () =>
    step('block', writer.head(random.once(8))),
  )
}

function mutate(steps: Step[], random: Random): void {
  const at = random.below(steps.length)
  const chosen = steps[at] as Step
  const what = random.below(8)
  if (what === 0) steps.splice(at, 1)
  else if (what === 1) steps.splice(at, 0, chosen)
  else if (what === 2) steps.splice(at, 0, step('limit', random.pick([0, 31, 100, 4096, 65_536])))
  else if (what === 3) {
    const [bits, pattern] = random.pick([
      [7, 0x80],
      [6, 0x40],
      [4, 0x00],
      [4, 0x10],
      [5, 0x20],
    ] as const)
    const inserted = integer(random.edge(), bits, pattern)
    steps[at] = step(
      'block',
      random.once(2) ? Buffer.concat([inserted, chosen.bytes]) : Buffer.concat([chosen.bytes, inserted]),
    )
  } else if (chosen.verb === 'block') steps[at] = step('block', mutateBytes(chosen.bytes, random))
}

function decodeBlock(decoder: HpackDecoder, block: Buffer): Field[] | string {
  const fields: Field[] = []
  // Among other bytes, as in a frame.
  const frame = Buffer.concat([Buffer.of(0x82), block, Buffer.of(0x82)])
  const error = decoder.decode(frame, 1, frame.length - 1, {
    field: (field) => fields.push([field.name(), field.value()]),
  })
  return error === '' ? fields : error
}

function decodeWithReference(reference: ReferenceHpackDecoder, block: Buffer): Field[] | undefined {
  try {
    return reference.decode(block)
  } catch (error) {
    if (error instanceof ReferenceHpackError) return undefined
    throw error
  }
}
