import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { Message } from 'apns-worker'
import { ApnsIdSeries } from '#src/apns-id.js'
import { Sender, tokensOf } from './support/sender.js'

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

describe('apns-ids that a message is given', () => {
  const base = '01234567-89ab-4cde-bf01-234500000000'

  it('are its notifications’, whatever their idents', () => {
    const numbers = Uint32Array.of(7, 0xffff_ffff)
    const message = new Message(['aa', 'bb'], {}, { apnsIds: { base, numbers } })
    numbers.fill(1)
    const expected = ['01234567-89ab-4cde-bf01-234500000007', '01234567-89ab-4cde-bf01-2345ffffffff']
    for (const idents of [undefined, [100, 200]]) {
      assert.deepEqual(
        [...message.notifications(idents)].map(({ apnsId }) => apnsId),
        expected,
      )
    }
  })

  it('have to be a UUID, and a number for each token', () => {
    const bad = { code: 'BAD_APNS_ID' }
    const numbers = new Uint32Array(1)
    for (const wrong of ['', base.slice(1), base.toUpperCase(), `${base}0`]) {
      assert.throws(() => new Message(['aa'], {}, { apnsIds: { base: wrong, numbers } }), bad)
    }
    assert.throws(() => new Message(['aa', 'bb'], {}, { apnsIds: { base, numbers } }), bad)
    assert.throws(() => new Message(['aa'], {}, { apnsIds: { base, numbers: [1] as never } }), bad)
    assert.throws(() => new Message(['aa'], {}, { apnsId: base, apnsIds: { base, numbers } }), bad)
  })

  it('are on the wire and in the outcomes, each time that they are sent', async () => {
    await using simulator = await startSimulator()
    await using sender = new Sender(simulator)
    const numbers = Uint32Array.of(9, 0x00c0_ffee, 3)
    for (const round of [1, 2]) {
      const message = new Message(tokensOf(3), { aps: { alert: 'hello' } }, { apnsIds: { base, numbers } })
      const delivery = sender.sendMessage(message)
      const ids: string[] = []
      for await (const { apnsId } of delivery) ids.push(apnsId)
      const expected = Array.from(
        numbers,
        (number) => base.slice(0, 28) + number.toString(16).padStart(8, '0'),
      )
      assert.deepEqual(new Set(ids), new Set(expected))
      const received = simulator.received.slice(-3).map(({ id }) => id)
      assert.deepEqual(new Set(received), new Set(expected), `round ${round}`)
    }
  })
})
