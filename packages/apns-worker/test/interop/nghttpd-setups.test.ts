import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Message } from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { NGHTTPD_MISSING, Nghttpd } from '../support/nghttpd.js'
import { Sender, tokensOf } from '../support/sender.js'

failOnLeaks()

/** How nghttpd may be set up, and still has to be understood. */
const SETUPS: Readonly<Record<string, readonly string[]>> = {
  'as it comes': [],
  'with one stream at a time': ['--max-concurrent-streams=1'],
  'with a thousand streams': ['--max-concurrent-streams=1000'],
  'without a dynamic header table': ['--header-table-size=0', '--encoder-header-table-size=0'],
  'with a large header table': ['--header-table-size=65536', '--encoder-header-table-size=65536'],
  'with windows smaller than a payload': ['--window-bits=8', '--connection-window-bits=16'],
  'with padding': ['--padding=255'],
  'with trailers': ['--trailer=x-checksum: 0'],
  'answering before it has read the request': ['--early-response'],
  'on two threads': ['--workers=2'],
}

describe('nghttpd', { skip: NGHTTPD_MISSING }, () => {
  for (const [how, args] of Object.entries(SETUPS)) {
    it(`${how} gets every notification`, async () => {
      await using server = await Nghttpd.start('--echo-upload', ...args)
      await using sender = new Sender(server)
      const payload = { aps: { alert: 'hello' }, filling: 'x'.repeat(4000) }
      const deliveries = [
        sender.sendMessage(new Message(tokensOf(500, 'aa'), payload, { collapseId: 'first' })),
        sender.send(tokensOf(500, 'bb'), { expiration: 0 }),
      ]
      for (const delivery of deliveries) await sender.accepted(delivery)
      assert.deepEqual(sender.warnings, [])
      assert.equal(sender.apns.stats().retried, 0)
    })
  }

  for (const args of [[], ['--error-gzip']]) {
    it(`without what is asked for answers with HTML${args.length > 0 ? ', compressed' : ''}, and that is an outcome`, async () => {
      await using server = await Nghttpd.start('--htdocs=/var/empty', ...args)
      await using sender = new Sender(server)
      const outcomes = await sender.outcomes(sender.send(300))
      for (const { error } of outcomes) {
        assert.equal(error?.reason, 'HTTP 404')
        assert.equal(error?.httpStatus, 404)
      }
    })
  }
})
