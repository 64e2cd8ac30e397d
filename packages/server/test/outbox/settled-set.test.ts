import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SettledSet } from '#src/outbox/settled-set.js'

test('it is a set of the batch’s indices, also when it comes from the store', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: -3, max: 60 })),
      (count, added) => {
        const model = new Set<number>()
        let set = new SettledSet(count)
        for (const index of added) {
          const isNew = index >= 0 && index < count && !model.has(index)
          assert.equal(set.add(index), isNew)
          if (isNew) model.add(index)
          set = new SettledSet(count, set.bytes)
        }
        const missing = Array.from({ length: count }, (_, index) => index).filter(
          (index) => !model.has(index),
        )
        assert.deepEqual([...set.missing()], missing)
      },
    ),
  )
  assert.equal(new SettledSet(5).add(0.5), false)
})
