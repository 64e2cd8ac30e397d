import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { ClockCheck } from '#src/backend/http2/clock-check.js'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender } from '../../support/sender.js'

failOnLeaks()

const MINUTE_MS = 60_000
const SLOT_MS = 30 * MINUTE_MS
/** At the half hour, when a provider token is not dated back. Soon, so that certificates made then are valid now. */
const NOW_MS = Math.ceil(Date.now() / SLOT_MS) * SLOT_MS

describe('the clock check', () => {
  function heard(serverMs: number, sentAtMs = NOW_MS - 50): string | undefined {
    const warnings: string[] = []
    const warn = (text: string): void => {
      warnings.push(text)
    }
    const check = new ClockCheck({ debug: warn, info: warn, warn, error: warn })
    check.heard(new Date(serverMs).toUTCString(), sentAtMs, NOW_MS)
    assert.equal(warnings.length, check.words === undefined ? 0 : 1)
    return check.words
  }

  const cases: readonly [string, number, string | undefined][] = [
    ['the same', 0, undefined],
    ['a minute ahead', MINUTE_MS, undefined],
    ['a minute behind', -MINUTE_MS, undefined],
    ['61 seconds ahead', MINUTE_MS + 1000, '1 minute behind'],
    ['three minutes ahead', 3 * MINUTE_MS, '3 minutes behind'],
    ['three minutes behind', -3 * MINUTE_MS - 1000, '3 minutes ahead of'],
  ]
  for (const [what, differenceMs, words] of cases) {
    it(`finds us ${words ?? 'right'} where the server is ${what}`, () => {
      assert.equal(heard(NOW_MS + differenceMs), words)
    })
  }

  it('lets an answer take its time: its date may be anywhere since the request', () => {
    assert.equal(heard(NOW_MS - 10 * MINUTE_MS, NOW_MS - 10 * MINUTE_MS), undefined)
    assert.equal(heard(NOW_MS - 10 * MINUTE_MS, NOW_MS - 5 * MINUTE_MS), '5 minutes ahead of')
  })

  it('makes nothing of a date that is none', () => {
    const warnings: string[] = []
    const warn = (text: string): void => {
      warnings.push(text)
    }
    const check = new ClockCheck({ debug: warn, info: warn, warn, error: warn })
    check.heard('soon', NOW_MS, NOW_MS)
    assert.equal(check.words, undefined)
    assert.deepEqual(warnings, [])
  })
})

describe("the server's date", () => {
  it('tells of a wrong clock, once an hour', async () => {
    const date = new Date(Date.now() + 10 * MINUTE_MS).toUTCString()
    await using apns = await startSimulator({ rules: [{ status: 200, headers: { date } }] })
    await using sender = new Sender(apns)
    await sender.accepted(sender.send(100))
    assert.equal(sender.warnings.length, 1)
    assert.match(sender.warnings[0] ?? '', /clock is \d+ minutes behind the server's: set it/)
  })

  it("is part of the error when a fresh provider token is refused for a wrong clock's sake", async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: NOW_MS })
    const headers = { date: new Date(NOW_MS + 90 * MINUTE_MS).toUTCString() }
    await using apns = await startSimulator({
      rules: [{ status: 403, reason: 'ExpiredProviderToken', headers }],
    })
    await using sender = new Sender(apns)
    sender.send(3)
    const { reason, message } = await sender.stopped()
    assert.equal(reason, 'ClockSkew')
    assert.match(message, /This machine's clock is 90 minutes behind the server's\./)
  })
})
