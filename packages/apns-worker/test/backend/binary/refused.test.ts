import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway } from '@apns-worker/simulator'
import { ApnsError } from 'apns-worker'
import { GatewaySender } from '../../support/gateway-sender.js'
import { failOnLeaks } from '../../support/leaks.js'
import { OPENSSL_MISSING, OpensslServer } from '../../support/openssl-server.js'
import { tokensOf } from '../../support/sender.js'
import { StoppedClock } from '../../support/stopped-clock.js'
import { until, within } from '../../support/within.js'

failOnLeaks()

const TOKENS = tokensOf(20)
const NOT_CLAIMED = 0xffff_ffff

/** Resolves with the configuration error that stopped the line. */
async function stopped(sender: GatewaySender): Promise<ApnsError> {
  await until(() => sender.apns.paused !== undefined)
  const { paused } = sender.apns
  assert.ok(paused instanceof ApnsError)
  return paused
}

describe('a gateway that can not read our frames', () => {
  for (const ident of [undefined, NOT_CLAIMED]) {
    it(`stops the line, and refuses no token, whether it names ${ident ?? 'the first'} or not`, async () => {
      const rule = { nth: 1, status: 128, ...(ident === undefined ? {} : { ident }) }
      await using gateway = await startGateway({ rules: [rule] })
      await using sender = new GatewaySender(gateway)
      const delivery = sender.send(TOKENS, { ambiguous: ident === undefined ? 'drop' : 'resend' })
      const { reason, status, action } = await stopped(sender)
      assert.deepEqual([reason, status], ['FrameFormat', 128])
      assert.match(action, /frameFormat/)
      assert.equal(delivery.pending, TOKENS.length)
      assert.equal(sender.apns.stats().queued, TOKENS.length)
      assert.equal(sender.errors.length, 1)
      const { unsent } = await sender.apns.close({ timeout: 0 })
      assert.equal(unsent.length, TOKENS.length)
    })
  }

  it('leaves in doubt what it may have taken before, where it does not say which frame it could not read', async () => {
    await using gateway = await startGateway({
      rules: [{ connection: 1, nth: 20, status: 128, ident: NOT_CLAIMED }],
    })
    await using sender = new GatewaySender(gateway)
    const once = sender.send(TOKENS.slice(0, 10), { ambiguous: 'drop' })
    const atLeastOnce = sender.send(TOKENS.slice(10))
    await stopped(sender)
    for (const { status } of await sender.outcomes(once)) assert.equal(status, 'unknown')
    assert.equal(atLeastOnce.pending, 10)
    sender.apns.resume()
    for (const { status } of await sender.outcomes(atLeastOnce)) assert.equal(status, 'accepted')
    const times = gateway.received.filter(({ token }) => token === TOKENS[0]).length
    assert.equal(times, 1)
  })

  it('tells it apart from one that can, and then meets a frame that it can not', async () => {
    await using gateway = await startGateway({ rules: [{ connection: 1, nth: 2, status: 128 }] })
    await using sender = new GatewaySender(gateway)
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    assert.deepEqual(
      outcomes
        .filter(({ status }) => status !== 'accepted')
        .map(({ token, error }) => [token, error?.status]),
      [[TOKENS[1], 128]],
    )
  })

  it('goes on where a gateway has taken such frames before', async () => {
    await using gateway = await startGateway({
      rules: [{ token: TOKENS.slice(0, 1), times: 1, status: 128, ident: NOT_CLAIMED }],
    })
    await using sender = new GatewaySender(gateway)
    await sender.outcomes(sender.send(tokensOf(1, 'aa')))
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    assert.ok(outcomes.every(({ status }) => status === 'accepted'))
  })
})

describe('a client certificate', { skip: OPENSSL_MISSING }, () => {
  for (const version of ['-tls1_2', '-tls1_3']) {
    it(`that is refused (${version}) stops the line before anything was written`, async () => {
      // How long a refusal may take is measured by the handshake; a server that is held up after it must not be late.
      using _clock = new StoppedClock()
      await using server = await OpensslServer.start(version, '-Verify', '1', '-verify_return_error')
      await using stranger = await startGateway()
      await using sender = new GatewaySender(stranger, { environment: server.environment })
      const delivery = sender.send(TOKENS, { ambiguous: 'drop' })
      assert.equal((await stopped(sender)).reason, 'TlsHandshake')
      assert.equal(delivery.pending, TOKENS.length)
      assert.equal(sender.apns.stats().queued, TOKENS.length)
      assert.equal(sender.errors.length, 1)
    })
  }

  it('is taken for good, with TLS 1.3, by a server that gives no session tickets and says nothing', async () => {
    await using server = await OpensslServer.start('-tls1_3', '-num_tickets', '0', '-verify', '1')
    await using stranger = await startGateway()
    await using sender = new GatewaySender(stranger, { environment: server.environment })
    const delivery = sender.send(TOKENS)
    await within(delivery.done(), () => server.printed)
    assert.equal(delivery.succeeded, TOKENS.length)
    await until(() => server.printed.split('{"aps":{"alert":"hello"}}').length - 1 === TOKENS.length)
  })
})
