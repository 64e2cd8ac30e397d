import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ClientStream } from '#src/protocol/http2/client-stream.js'
import { StreamTable } from '#src/protocol/http2/stream-table.js'
import { printedSeed } from './support/seed.js'

const seed = printedSeed()

class Pair {
  readonly table = new StreamTable<ClientStream>()
  readonly model = new Map<number, ClientStream>()
  #next = 1

  add(): void {
    const stream = new ClientStream()
    stream.id = this.#next
    this.#next += 2
    this.table.add(stream)
    this.model.set(stream.id, stream)
  }

  /** Removes the stream at this place of the order. */
  remove(position: number): void {
    const streams = [...this.model.values()]
    const stream = streams[position % Math.max(1, streams.length)]
    if (stream === undefined) return
    this.table.remove(stream)
    this.model.delete(stream.id)
  }

  checkOrder(): void {
    assert.equal(this.table.size, this.model.size)
    assert.equal(this.table.oldest(), [...this.model.values()][0])
    assert.deepEqual(
      Array.from(this.table, ({ id }) => id),
      [...this.model.keys()],
    )
  }

  check(): void {
    this.checkOrder()
    for (let id = 1; id < this.#next + 2; id += 2) assert.equal(this.table.get(id), this.model.get(id))
  }
}

test('the table is a map with the order of ids', () => {
  const bursts = fc.array(
    fc.record({ added: fc.nat(300), removed: fc.array(fc.nat(), { maxLength: 300 }), from: fc.nat(2) }),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(bursts, (list) => {
      const pair = new Pair()
      for (const { added, removed, from } of list) {
        for (let i = 0; i < added; i++) pair.add()
        // From the oldest, from the newest, or from anywhere.
        for (const position of removed)
          pair.remove(from === 0 ? 0 : from === 1 ? pair.model.size - 1 : position)
        pair.check()
      }
    }),
    { numRuns: 60, seed },
  )
})

test('a few streams that never end do not make it grow', () => {
  const pair = new Pair()
  for (let i = 0; i < 3; i++) pair.add()
  for (let i = 0; i < 5000; i++) {
    pair.add()
    pair.remove(pair.model.size - 1)
    if (i === 2000) pair.remove(1)
  }
  assert.deepEqual(
    Array.from(pair.table, ({ id }) => id),
    [1, 5],
  )
  assert.equal(pair.table.oldest()?.id, 1)
  pair.check()
})

test('one that stays open, while the ids go around the slots and on', () => {
  const slots = 256
  const pair = new Pair()
  pair.add()
  for (let i = 1; i < 3 * slots; i++) {
    // Around the turns one more stays.
    const stays = i % slots === slots - 2
    pair.add()
    if (!stays) pair.remove(pair.model.size - 1)
    pair.checkOrder()
    if (i === slots + 1) pair.remove(0)
  }
  pair.check()
})

test('the oldest is found, however long nobody asked for it', () => {
  const pair = new Pair()
  // Two remain, and the older one is in the later slot.
  for (let i = 0; i < 500; i++) {
    pair.add()
    if (i !== 250 && i !== 260) pair.remove(pair.model.size - 1)
  }
  pair.checkOrder()
})

test('streams may end while they are listed', () => {
  const pair = new Pair()
  for (let i = 0; i < 600; i++) pair.add()
  for (let i = 0; i < 598; i++) pair.remove(1)
  for (let i = 0; i < 1000; i++) pair.add()
  const seen: number[] = []
  for (const stream of pair.table) {
    seen.push(stream.id)
    pair.table.remove(stream)
  }
  assert.deepEqual(seen, [...pair.model.keys()])
  assert.equal(pair.table.size, 0)
})
