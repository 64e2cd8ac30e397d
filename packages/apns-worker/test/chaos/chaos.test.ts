/**
 * Some thousand notifications through a server that misbehaves at random for the whole run; a hundred thousand in CI, which
 * sets CHAOS_COUNT. Whatever happens, the books balance: what the library says of each notification is what the server's
 * journal says.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failOnLeaks } from '../support/leaks.js'
import { chaosRun } from './chaos-run.js'

failOnLeaks()

const COUNT = Number(process.env['CHAOS_COUNT'] ?? 10_000)
const TIMEOUT_SECONDS = 90

describe('chaos', () => {
  for (const seed of [1, 2, 3]) {
    it(`leaves the books balanced (seed ${seed})`, async (context) => {
      const { mischief, ...books } = await chaosRun({
        seed,
        count: COUNT,
        seconds: 0,
        intensity: 0.4,
        timeout: TIMEOUT_SECONDS,
      })
      context.diagnostic(`seed ${seed}: ${JSON.stringify(books)}`)
      context.diagnostic(`seed ${seed}: ${JSON.stringify(mischief)}`)
      // The run has been one: everything that can become of a notification became of some.
      for (const fate of ['accepted', 'refused', 'expired', 'unknown', 'seenAgain'] as const) {
        assert.ok(books[fate] > 0, `none ${fate}`)
      }
      assert.ok(Object.keys(mischief).length > 10, Object.keys(mischief).join())
    })
  }
})
