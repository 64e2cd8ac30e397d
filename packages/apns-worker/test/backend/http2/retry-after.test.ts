import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRetryAfter } from '#src/backend/http2/retry-after.js'

describe('Retry-After', () => {
  const now = Date.UTC(2026, 2, 4, 5, 6, 7)
  const cases: readonly [string | undefined, number][] = [
    [undefined, 0],
    ['0', 0],
    ['120', 120_000],
    ['Wed, 04 Mar 2026 05:06:37 GMT', 30_000],
    ['Wednesday, 04-Mar-26 05:06:37 GMT', 30_000],
    ['Wed, 04 Mar 2026 05:06:00 GMT', 0],
    ['', 0],
    ['soon', 0],
    ['-5', 0],
    ['1.5', 0],
    ['99999999999999999999', 1e23],
  ]
  for (const [value, milliseconds] of cases) {
    it(`${JSON.stringify(value)} is ${milliseconds} ms`, () => {
      assert.equal(parseRetryAfter(value, now), milliseconds)
    })
  }
})
