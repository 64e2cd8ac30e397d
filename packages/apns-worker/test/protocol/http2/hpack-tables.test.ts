import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HpackDecoder } from '#src/protocol/http2/hpack-decoder.js'
import { EncoderTable } from '#src/protocol/http2/hpack-encoder-table.js'
import { ResponseFieldNames } from '#src/protocol/http2/response-field-names.js'
import { entering, integer, string } from './header-representations.js'
import { type Field, tryDecode } from './support/hpack.js'
import { printedSeed } from './support/seed.js'

const seed = printedSeed()
const NAMES = new ResponseFieldNames([])
const FIRST_DYNAMIC = 62

/** The dynamic table as RFC 7541 section 2.3.2 describes it: a list, the newest entry first. */
class ModelTable {
  entries: Field[] = []
  capacity = 4096

  get size(): number {
    return this.entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
  }

  insert(field: Field): void {
    this.entries.unshift(field)
    this.#evict()
  }

  resize(capacity: number): void {
    this.capacity = capacity
    this.#evict()
  }

  #evict(): void {
    while (this.size > this.capacity) this.entries.pop()
  }
}

/** A decoder beside the model: what is done to one is done to the other, and they are compared. */
class Pair {
  readonly model = new ModelTable()
  readonly #decoder = new HpackDecoder(NAMES)

  enter(name: string, value: string): void {
    this.#decode([name, value], entering(name, value))
    this.model.insert([name, value])
  }

  /** With the name of an entry: 0 is the newest. */
  enterWithNameOf(age: number, value: string): void {
    const name = this.model.entries[age]?.[0]
    assert.ok(name !== undefined)
    this.#decode([name, value], [...integer(0x40, 6, FIRST_DYNAMIC + age), ...string(value)])
    this.model.insert([name, value])
  }

  resize(capacity: number): void {
    assert.deepEqual(tryDecode(this.#decoder, Buffer.from(integer(0x20, 5, capacity))), [])
    this.model.resize(capacity)
  }

  /** All that is in the table, read through its indices. */
  compare(): void {
    const { entries, size } = this.model
    const indices = entries.flatMap((_, age) => integer(0x80, 7, FIRST_DYNAMIC + age))
    assert.deepEqual(tryDecode(this.#decoder, Buffer.from(indices)), entries)
    assert.equal(this.#decoder.tableSize, size)
  }

  #decode(expected: Field, block: readonly number[]): void {
    assert.deepEqual(tryDecode(this.#decoder, Buffer.from(block)), [expected])
  }
}

describe("the decoder's table", () => {
  it('is the list of the RFC, whatever comes and goes', () => {
    // Lengths at which few or many entries fit, so that the buffer wraps at every place.
    const length = fc.oneof(
      fc.nat(20),
      fc.nat(300),
      fc.integer({ min: 1000, max: 4200 }),
      fc.constantFrom(4064, 2032, 1333),
    )
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ name: length, value: length }) },
      { weight: 3, arbitrary: fc.record({ age: fc.nat(200), value: length }) },
      { weight: 1, arbitrary: fc.constantFrom({ size: 0 }, { size: 200 }, { size: 2048 }, { size: 4096 }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const pair = new Pair()
        for (const [position, each] of steps.entries()) {
          // A text that differs from all others, so that a byte of another entry shows.
          const text = (wanted: number): string => `${position}.`.repeat(wanted).slice(0, wanted)
          if ('size' in each) pair.resize(each.size)
          else if ('name' in each) pair.enter(text(each.name), text(each.value))
          else if (pair.model.entries.length > 0) {
            pair.enterWithNameOf(each.age % pair.model.entries.length, text(each.value))
          }
          pair.compare()
        }
      }),
      { seed, numRuns: 200 },
    )
  })

  it('holds as many of the smallest entries as its size allows', () => {
    const pair = new Pair()
    for (let i = 0; i < 400; i++) pair.enter(String.fromCharCode(i % 251), '')
    pair.compare()
    assert.equal(pair.model.entries.length, 124)
  })

  it('an entry that just fits behind the others, and one that just does not', () => {
    // Three entries that each take the table leave 96 bytes of the buffer, which has three times its size.
    for (const length of [95, 96, 97, 98]) {
      const pair = new Pair()
      for (const letter of 'abc') pair.enter(letter, letter.repeat(4063))
      pair.enter('n', 'v'.repeat(length - 1))
      pair.enter('m', 'w'.repeat(96))
      pair.compare()
    }
  })

  it('an entry with the name of the one that makes room for it, at any place of the buffer', () => {
    for (const length of [10, 500, 1000, 1999, 2000]) {
      const pair = new Pair()
      pair.enter('n'.repeat(length), 'v')
      for (let round = 0; round < 30; round++) {
        const oldest = pair.model.entries.length - 1
        pair.enterWithNameOf(oldest, `${round % 10}`.repeat(2050 - (round % 7)))
        pair.compare()
      }
    }
  })
})

describe("the encoder's table", () => {
  const text = fc.constantFrom('a', 'b', 'cc', 'cookie', ':path')
  const value = fc.constantFrom('', '1', '22', '/', 'x'.repeat(50), 'y'.repeat(68))
  const capacity = fc.constantFrom(0, 33, 70, 101, 140, 300)
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ name: text, value, known: fc.boolean() }) },
    { weight: 1, arbitrary: capacity.map((size) => ({ size })) },
  )
  /** Index of the first match, 0 when there is none. */
  const indexOf = (table: ModelTable, matches: (field: Field) => boolean): number => {
    const age = table.entries.findIndex(matches)
    return age < 0 ? 0 : FIRST_DYNAMIC + age
  }
  const STATIC_NAMES = new Map([
    ['cookie', 32],
    [':path', 4],
  ])

  it('finds the newest field, and the newest name, of the list of the RFC', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const model = new ModelTable()
        const table = new EncoderTable(4096)
        const unknown = new Set<Field>()
        for (const each of steps) {
          const { version } = table
          const before = [...model.entries]
          if ('size' in each) {
            table.resize(each.size)
            model.resize(each.size)
          } else if (table.fits(each.name.length, each.value.length)) {
            const field: Field = [each.name, each.value]
            if (!each.known) unknown.add(field)
            table.insert(each.name, each.known ? each.value : undefined, each.value.length)
            model.insert(field)
          }
          // A cache would otherwise be taken for good.
          const moved = before.some((field, age) => model.entries[age] !== field)
          if (moved || before.length !== model.entries.length) assert.notEqual(table.version, version)
          for (const name of ['a', 'b', 'cc', 'cookie', ':path']) {
            const found = indexOf(model, (field) => field[0] === name)
            assert.equal(table.nameIndex(name), STATIC_NAMES.get(name) ?? found)
            for (const text of ['', '1', '22', 'x'.repeat(50)]) {
              const isSame = (field: Field): boolean =>
                field[0] === name && field[1] === text && !unknown.has(field)
              const inStatic = name === 'cookie' && text === '' ? 32 : 0
              assert.equal(table.fieldIndex(name, text), inStatic || indexOf(model, isSame))
            }
          }
          assert.ok(model.size <= table.capacity)
        }
      }),
      { seed, numRuns: 200 },
    )
  })

  it('takes an entry of exactly its size', () => {
    const table = new EncoderTable(100)
    assert.ok(table.fits(1, 67))
    assert.ok(!table.fits(1, 68))
    table.insert('a', 'v'.repeat(67), 67)
    table.insert('b', 'v'.repeat(67), 67)
    assert.deepEqual([table.nameIndex('a'), table.nameIndex('b')], [0, FIRST_DYNAMIC])
  })

  it('two tables never have the same version', () => {
    const tables = [new EncoderTable(100), new EncoderTable(100)]
    for (const table of tables) table.insert('a', 'b', 1)
    assert.notEqual(tables[0]?.version, tables[1]?.version)
  })
})
