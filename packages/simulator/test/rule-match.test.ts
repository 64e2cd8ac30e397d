/** When it is a rule's turn, on a clock of the test's own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from '#src/random.js'
import type { RuleTimes } from '#src/rule.js'
import { isOneOf, RuleTurn } from '#src/rule-match.js'

/** The whole seconds from 0 to 29 in which it is the rule's turn. */
function hours(times: RuleTimes): number[] {
  let now = 0
  const turn = new RuleTurn(times, new Random('1'), () => now)
  const seconds: number[] = []
  for (; now < 30; now++) if (turn.take()) seconds.push(now)
  return seconds
}

test('a rule has its hours, once or again and again', () => {
  assert.equal(hours({}).length, 30)
  assert.deepEqual(hours({ from: 27 }), [27, 28, 29])
  assert.deepEqual(hours({ until: 2 }), [0, 1])
  assert.deepEqual(hours({ from: 3, until: 5 }), [3, 4])
  assert.deepEqual(hours({ from: 3, until: 5, every: 10 }), [3, 4, 13, 14, 23, 24])
  assert.deepEqual(hours({ until: 1, every: 12 }), [0, 12, 24])
})

test('what comes outside of its hours is not passed over', () => {
  let now = 0
  const turn = new RuleTurn({ from: 10, after: 1 }, new Random('1'), () => now)
  assert.deepEqual([turn.take(), turn.take()], [false, false])
  now = 10
  assert.deepEqual([turn.take(), turn.take(), turn.take()], [false, true, true])
})

test('one number, several or any', () => {
  assert.deepEqual(
    [isOneOf(2, 2), isOneOf(2, [1, 2]), isOneOf(2, undefined), isOneOf(2, 3), isOneOf(2, [])],
    [true, true, true, false, false],
  )
})
