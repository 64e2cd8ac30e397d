import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { TokenFilter } from '#src/outbox/token-filter.js'

function some(count: number, length = 32): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    // Tokens that differ in their last bytes only: what tests and simulators make.
    const token = Buffer.alloc(length, 0xab)
    token.writeUInt32BE(index, length - 4)
    return token
  })
}

test('what was added is found, whatever its length and however many layers there are', () => {
  for (const length of [4, 31, 32, 100]) {
    const filter = new TokenFilter()
    const tokens = some(100_000, length)
    for (const token of tokens) filter.add(7, token, 0, token.length)
    assert.ok(tokens.every((token) => filter.mayHave(7, token, 0, token.length)))
  }
})

test('few of the others are taken for what was added', () => {
  for (const reserve of [0, 100_000]) {
    const filter = new TokenFilter()
    assert.equal(filter.isEmpty, true)
    if (reserve > 0) filter.reserve(reserve)
    for (const token of some(100_000)) filter.add(7, token, 0, token.length)
    assert.equal(filter.isEmpty, false)
    const wrong = (tokens: readonly Buffer[], appId: number): number =>
      tokens.filter((token) => filter.mayHave(appId, token, 0, token.length)).length
    const random = Array.from({ length: 20_000 }, () => randomBytes(32))
    assert.ok(wrong(random, 7) < 1000)
    assert.ok(wrong(some(20_000), 8) < 1000)
  }
})

test('a token may lie anywhere in what it is read from', () => {
  const filter = new TokenFilter()
  const [token = Buffer.alloc(0)] = some(1)
  filter.add(1, token, 0, token.length)
  const larger = Buffer.concat([randomBytes(5), token, randomBytes(3)])
  assert.equal(filter.mayHave(1, larger, 5, 5 + token.length), true)
  assert.equal(filter.mayHave(1, larger, 4, 4 + token.length), false)
})
