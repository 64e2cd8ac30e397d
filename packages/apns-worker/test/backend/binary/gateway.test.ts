import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type GatewayRule, startGateway } from '@apns-worker/simulator'
import { ApnsError, ApnsManager, BinaryBackend, type Feedback, Message } from 'apns-worker'
import { GatewaySender } from '../../support/gateway-sender.js'
import { failOnLeaks } from '../../support/leaks.js'
import { tokensOf } from '../../support/sender.js'
import { within } from '../../support/within.js'

failOnLeaks()

const TOKENS = tokensOf(20)

/** What the gateway took, in the order in which it did. */
function taken(gateway: { readonly received: readonly { readonly token: string }[] }): string[] {
  return gateway.received.map(({ token }) => token)
}

describe('sending over the gateway', () => {
  it('connects only when there is work, and then sends all of it in order', async () => {
    await using gateway = await startGateway()
    await using sender = new GatewaySender(gateway)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(gateway.counts().connections, 0)
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    assert.deepEqual(
      outcomes.map(({ token, status }) => [token, status]),
      TOKENS.map((token) => [token, 'accepted']),
    )
    assert.deepEqual(taken(gateway), TOKENS)
    assert.equal(gateway.counts().connections, 1)
    assert.deepEqual(sender.errors, [])
  })

  it('puts everything that sendAps takes into the frame', async () => {
    await using gateway = await startGateway()
    await using sender = new GatewaySender(gateway)
    const [token = ''] = TOKENS
    sender.apns.sendAps(
      [token, 'ab'.repeat(50)],
      { alert: 'hi', badge: 3, sound: 'default', contentAvailable: true, category: 'c' },
      { expiration: 4_000_000_000, priority: 5 },
    )
    await sender.apns.flushMessages()
    const [first, second] = gateway.received
    assert.deepEqual(first?.payload, {
      aps: { alert: 'hi', badge: 3, sound: 'default', 'content-available': 1, category: 'c' },
    })
    assert.deepEqual([first.expiration, first.priority, first.ident, first.command], [4_000_000_000, 5, 0, 2])
    assert.equal(second?.token, 'ab'.repeat(50), 'a token of another length has its real length')
  })

  for (const [frameFormat, command] of [
    ['simple', 0],
    ['enhanced', 1],
  ] as const) {
    it(`writes ${frameFormat} frames for a relay that knows nothing newer, and minds their limit`, async () => {
      await using gateway = await startGateway({ formats: [frameFormat] })
      await using sender = new GatewaySender(gateway, { frameFormat })
      await sender.outcomes(sender.send(TOKENS))
      assert.deepEqual(taken(gateway), TOKENS)
      assert.equal(gateway.received[0]?.command, command)
      const long = new Message(TOKENS, { x: 'y'.repeat(260) })
      assert.throws(
        () => sender.apns.sendMessage(long),
        /payload has 268 bytes; the binary gateway takes at most 256/,
      )
      assert.equal(sender.apns.stats().queued, 0)
    })
  }

  it('minds the limit of 2,048 bytes', async () => {
    await using gateway = await startGateway()
    await using sender = new GatewaySender(gateway)
    assert.throws(() => sender.apns.sendMessage(new Message(TOKENS, { x: 'y'.repeat(2048) })), /at most 2048/)
  })

  it('needs a client certificate, and says so', async () => {
    await using gateway = await startGateway()
    const { key } = gateway.clientCertificate({ topics: ['com.example.app'] })
    assert.throws(() => new ApnsManager({ key, environment: gateway.environment, backend: BinaryBackend }))
    const { cert, ...rest } = gateway.clientCertificate({ topics: ['com.example.app'] })
    assert.throws(
      () =>
        new ApnsManager({
          cert,
          key: rest.key,
          environment: gateway.environment,
          backend: BinaryBackend,
          frameFormat: 'x' as 'items',
        }),
      /frameFormat is x/,
    )
  })
})

describe('an error response', () => {
  for (const [where, nth] of [
    ['first', 1],
    ['middle', 10],
    ['last', 20],
  ] as const) {
    it(`for the ${where} one reports it, and sends everything after it again, in order`, async () => {
      await using gateway = await startGateway({ rules: [{ connection: 1, nth, status: 8 }] })
      await using sender = new GatewaySender(gateway)
      const outcomes = await sender.outcomes(sender.send(TOKENS))
      const bad = TOKENS[nth - 1]
      assert.deepEqual(
        outcomes.filter(({ status }) => status !== 'accepted').map(({ token, status }) => [token, status]),
        [[bad, 'refused']],
      )
      assert.deepEqual(
        sender.errors.map(({ status, token, description }) => [status, token, description]),
        [[ApnsError.ERR_TOKEN_INVAL, bad, 'Invalid token']],
      )
      assert.deepEqual(
        taken(gateway),
        TOKENS.filter((token) => token !== bad),
      )
      assert.equal(gateway.counts().connections, nth === 20 ? 1 : 2)
    })
  }

  it('that names an unknown notification sends all that was claimed again', async () => {
    await using gateway = await startGateway({ rules: [{ connection: 1, nth: 20, status: 8, ident: 9999 }] })
    await using sender = new GatewaySender(gateway)
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    assert.ok(outcomes.every(({ status }) => status === 'accepted'))
    assert.deepEqual(taken(gateway), [...TOKENS.slice(0, 19), ...TOKENS])
    assert.deepEqual(sender.errors, [])
  })

  it('of a shutdown names the last that was sent well, and is no error', async () => {
    await using gateway = await startGateway({ rules: [{ connection: 1, nth: 7, status: 10 }] })
    await using sender = new GatewaySender(gateway)
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    assert.ok(outcomes.every(({ status }) => status === 'accepted'))
    assert.deepEqual(taken(gateway), TOKENS)
    assert.deepEqual(sender.errors, [])
    assert.equal(gateway.counts().connections, 2)
  })

  it('may come in single bytes', async () => {
    await using gateway = await startGateway({ chunkBytes: 1, rules: [{ connection: 1, nth: 3, status: 7 }] })
    await using sender = new GatewaySender(gateway)
    await sender.outcomes(sender.send(TOKENS))
    assert.deepEqual(
      sender.errors.map(({ status }) => status),
      [ApnsError.ERR_PAYLOAD_SIZE],
    )
    assert.equal(taken(gateway).length, 19)
  })

  it('may have anything behind it', async () => {
    // Status 8 for ident 2, then nonsense.
    await using gateway = await startGateway({
      rules: [{ connection: 1, nth: 3, bytes: '080800000002ffffffffff' }],
    })
    await using sender = new GatewaySender(gateway)
    await sender.outcomes(sender.send(TOKENS))
    assert.deepEqual(
      sender.errors.map(({ token }) => token),
      [TOKENS[2]],
    )
  })
})

describe('a connection that is lost without a word', () => {
  const ends: Readonly<Record<string, GatewayRule>> = {
    'cut at a byte': { connection: 1, disconnectAtByte: 500 },
    'cut at a notification': { connection: 1, nth: 5, disconnect: true },
    'that sends garbage': { connection: 1, nth: 5, bytes: 'ffffff' },
  }
  for (const [what, rule] of Object.entries(ends)) {
    it(`${what} has all that is in doubt sent again`, async () => {
      await using gateway = await startGateway({ rules: [rule] })
      await using sender = new GatewaySender(gateway)
      const outcomes = await sender.outcomes(sender.send(TOKENS))
      assert.ok(outcomes.every(({ status }) => status === 'accepted'))
      assert.deepEqual(new Set(taken(gateway)), new Set(TOKENS))
      assert.deepEqual(taken(gateway).slice(-TOKENS.length), TOKENS, 'in order')
      assert.match(sender.warnings[0] ?? '', /^connection lost/)
    })

    it(`${what} has it reported as unknown where it must not arrive twice`, async () => {
      await using gateway = await startGateway({ rules: [rule] })
      await using sender = new GatewaySender(gateway)
      const outcomes = await sender.outcomes(sender.send(TOKENS, { ambiguous: 'drop' }))
      assert.ok(outcomes.some(({ status }) => status === 'unknown'))
      assert.equal(new Set(taken(gateway)).size, taken(gateway).length)
      assert.equal(sender.errors.length, outcomes.filter(({ status }) => status === 'unknown').length)
    })
  }

  it('again and again is reported as unknown when the attempts are used up', async () => {
    await using gateway = await startGateway({ rules: [{ tokenPrefix: 'dead', disconnect: true }] })
    await using sender = new GatewaySender(gateway, { maxAttempts: 3 })
    const [outcome] = await sender.outcomes(sender.send(tokensOf(1, 'dead')))
    assert.equal(outcome?.status, 'unknown')
    assert.equal(gateway.counts().connections, 3)
    assert.equal(sender.errors.length, 1)
  })

  it('because the gateway does not read: given up before silence could be taken for success', async () => {
    await using gateway = await startGateway({
      record: true,
      rules: [{ connection: 1, stopReadingAtByte: 100 }],
    })
    await using sender = new GatewaySender(gateway, { requestTimeout: 0.3, messageGrace: 2 })
    const many = tokensOf(100_000)
    const delivery = sender.send(many)
    await within(delivery.done(), () => JSON.stringify(sender.apns.stats()))
    assert.equal(delivery.succeeded, many.length)
    assert.equal(new Set(taken(gateway)).size, many.length)
    assert.match(sender.warnings[0] ?? '', /does not read/)
  })

  it('is tried again with a back-off while nobody listens, and works when somebody does', async () => {
    const first = await startGateway()
    const { port, feedbackPort } = first
    await using sender = new GatewaySender(first)
    await first.close()
    const delivery = sender.send(TOKENS)
    await within(
      (async () => {
        while (sender.warnings.length < 3) await new Promise((resolve) => setImmediate(resolve))
      })(),
      () => 'it does not try again',
    )
    assert.equal(delivery.pending, TOKENS.length)
    // Another gateway has another authority: that is refused, and stops the line, since it never worked.
    await using second = await startGateway({ port, feedbackPort })
    await assert.rejects(
      sender.apns.flushMessages(),
      (error: unknown) => error instanceof ApnsError && error.reason === 'TlsHandshake',
    )
    assert.equal(second.received.length, 0)
    const { unsent } = await sender.apns.close({ timeout: 0 })
    assert.equal(unsent.length, TOKENS.length)
  })
})

describe('the feedback service', () => {
  async function read(
    tokens: number,
    options: { chunkBytes?: number; rule?: GatewayRule } = {},
  ): Promise<{ feedback: Feedback[]; errors: ApnsError[] }> {
    await using gateway = await startGateway({
      ...(options.chunkBytes === undefined ? {} : { chunkBytes: options.chunkBytes }),
      rules: options.rule === undefined ? [] : [options.rule],
    })
    const list = tokensOf(tokens)
    for (const [index, token] of list.entries()) gateway.addFeedback(token, new Date(1000 * (index + 1)))
    await using sender = new GatewaySender(gateway)
    const feedback: Feedback[] = []
    sender.apns.getFeedback((each) => feedback.push(each))
    await gateway.waitFor((service) => {
      const { feedbackConnections, openFeedbackConnections } = service.counts()
      return feedbackConnections === 1 && openFeedbackConnections === 0
    })
    await within(
      (async () => {
        while (feedback.length < tokens && sender.errors.length === 0)
          await new Promise((resolve) => setImmediate(resolve))
      })(),
      () => `${feedback.length} of ${tokens} were heard`,
    )
    return { feedback, errors: sender.errors }
  }

  for (const count of [0, 1, 5]) {
    for (const chunkBytes of [undefined, 1, 40]) {
      it(`gives ${count} records, in pieces of ${chunkBytes ?? 'any number of'} bytes`, async () => {
        const { feedback, errors } = await read(count, chunkBytes === undefined ? {} : { chunkBytes })
        assert.deepEqual(
          feedback.map(({ token, when, reason }) => [token, when.getTime(), reason]),
          tokensOf(count).map((token, index) => [token, 1000 * (index + 1), undefined]),
        )
        assert.deepEqual(errors, [])
      })
    }
  }

  it('that is cut within a record is reported, after the whole ones', async () => {
    const { feedback, errors } = await read(3, { rule: { service: 'feedback', disconnectAtByte: 38 + 10 } })
    assert.equal(feedback.length, 1)
    assert.equal(errors[0]?.reason, 'FeedbackFailed')
  })

  it('that can not be reached is reported', async () => {
    const gateway = await startGateway()
    await using sender = new GatewaySender(gateway)
    await gateway.close()
    sender.apns.getFeedback(() => assert.fail('there is nobody'))
    await within(
      (async () => {
        while (sender.errors.length === 0) await new Promise((resolve) => setImmediate(resolve))
      })(),
      () => 'nothing was reported',
    )
    assert.equal(sender.errors[0]?.reason, 'FeedbackFailed')
    assert.match(String(sender.errors[0]?.cause), /ECONNREFUSED/)
  })

  it('is cancelled, with its connection', async () => {
    await using gateway = await startGateway({ rules: [{ service: 'feedback', keepOpen: true }] })
    await using sender = new GatewaySender(gateway)
    const subscription = sender.apns.getFeedback(() => assert.fail('it was cancelled'))
    await gateway.waitFor((service) => service.counts().openFeedbackConnections === 1)
    subscription.cancel()
    await gateway.waitFor((service) => service.counts().openFeedbackConnections === 0)
    gateway.addFeedback('aabb')
  })
})
