import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { Message } from 'apns-worker'
import { ApnsIdSeries } from '#src/apns-id.js'

/** RFC 9562, section 5.4: version 4, and the variant's two bits. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const LAST_NUMBER = 2 ** 28 - 1

describe('the apns-ids of a series', () => {
  it('are random UUIDs by their form, whatever the number and the ident', () => {
    const series = ApnsIdSeries.current()
    for (const number of [0, 1, 0xffff, 0x1_0000, 0xabc_0def, LAST_NUMBER]) {
      assert.match(`${series.prefix(number)}00c0ffee`, UUID)
    }
  })

  it('have the number behind the random digits', () => {
    const series = new ApnsIdSeries('01234567-89ab-4cde-bf01-23456789abcd')
    assert.equal(series.prefix(0xabc_0def), '01234567-89ab-4cde-babc-0def')
  })

  it('end with the last number: the next message belongs to another', () => {
    const series = new ApnsIdSeries(randomUUID(), LAST_NUMBER)
    assert.equal(series.isUsedUp, false)
    assert.equal(series.takeNumber(), LAST_NUMBER)
    assert.equal(series.isUsedUp, true)
  })

  it('differ from message to message', () => {
    const prefixes = Array.from({ length: 100 }, () => new Message([], {}).idPrefix)
    assert.equal(new Set(prefixes).size, prefixes.length)
  })
})
