import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ClientCertificate, startSimulator } from '@apns-worker/simulator'
import { type ApnsManagerOptions, Message, MessageError, type MessageErrorCode } from 'apns-worker'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, TOPIC, tokensOf } from '../../support/sender.js'

failOnLeaks()

/** The certificate in one of its two forms. */
function pemOf({ cert, key }: ClientCertificate): Pick<ClientCertificate, 'cert' | 'key'> {
  return { cert, key }
}

const VOIP = `${TOPIC}.voip`

describe('a client certificate', () => {
  for (const form of ['PEM', 'PEM with an encrypted key', 'PKCS#12', 'PKCS#12 with a passphrase']) {
    it(`(${form}) is shown to the server, with no provider token`, async () => {
      await using apns = await startSimulator()
      const passphrase = form.includes(' with ') ? { passphrase: 'secret' } : {}
      const { cert, key, pfx } = apns.clientCertificate({ topics: [TOPIC], ...passphrase })
      const credentials = form.startsWith('PEM') ? { cert, key, ...passphrase } : { pfx, ...passphrase }
      await using sender = new Sender(apns, credentials)
      await sender.accepted(sender.send(200))
      for (const { authentication, headers, topic } of apns.received) {
        assert.equal(authentication, 'certificate')
        assert.equal(headers.get('authorization'), undefined)
        assert.equal(topic, TOPIC)
      }
    })
  }

  it('for a single topic needs none in the request', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns, {
      ...pemOf(apns.clientCertificate({ topics: [TOPIC] })),
      topic: undefined,
    })
    await sender.accepted(sender.send(5))
    for (const { headers } of apns.received) assert.equal(headers.get('apns-topic'), undefined)
  })

  it('for several topics sends to each of them', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns, pemOf(apns.clientCertificate({ topics: [TOPIC, VOIP] })))
    await sender.accepted(sender.send(5))
    await sender.accepted(sender.send(5, { topic: VOIP }))
    await sender.accepted(sender.send(5, { pushType: 'voip' }))
    assert.equal(apns.received.filter(({ topic }) => topic === VOIP).length, 10)
  })

  it('that the server does not take stops the line', async () => {
    await using apns = await startSimulator()
    await using other = await startSimulator()
    await using sender = new Sender(apns, pemOf(other.clientCertificate({ topics: [TOPIC] })))
    sender.send(50)
    assert.equal((await sender.stopped()).reason, 'BadCertificate')
    assert.equal(apns.counts().received, 1)
  })

  it('for the other environment stops the line', async () => {
    await using apns = await startSimulator({ environment: 'production' })
    await using sender = new Sender(
      apns,
      pemOf(apns.clientCertificate({ topics: [TOPIC], environments: ['sandbox'] })),
    )
    sender.send(50)
    assert.equal((await sender.stopped()).reason, 'BadCertificateEnvironment')
    assert.equal(apns.counts().received, 1)
  })
})

describe('with a client certificate, a refusal of provider tokens', () => {
  it('is an outcome like any other: there is none to renew', async () => {
    await using apns = await startSimulator({
      rules: [{ times: 1, status: 403, reason: 'ExpiredProviderToken' }],
    })
    await using sender = new Sender(apns, pemOf(apns.clientCertificate({ topics: [TOPIC] })))
    const outcomes = await sender.outcomes(sender.send(20))
    assert.deepEqual(
      outcomes.flatMap(({ error }) => (error === undefined ? [] : [error.reason])),
      ['ExpiredProviderToken'],
    )
  })
})

describe('what this backend can not send', () => {
  async function assertRefused(
    options: (apns: Awaited<ReturnType<typeof startSimulator>>) => Partial<ApnsManagerOptions>,
    message: Message,
    code: MessageErrorCode,
  ): Promise<void> {
    await using apns = await startSimulator()
    await using sender = new Sender(apns, options(apns))
    assert.throws(
      () => sender.apns.sendMessage(message),
      (error) => error instanceof MessageError && error.code === code,
    )
    const { queued, inFlight } = sender.apns.stats()
    assert.deepEqual([queued, inFlight], [0, 0])
    await sender.apns.flushMessages()
    assert.equal(apns.counts().connections, 0)
    assert.deepEqual(sender.errors, [])
  }
  const alert = { aps: { alert: 'hello' } }
  const tokens = tokensOf(5)

  it('is a topic that the certificate does not cover', () =>
    assertRefused(
      (apns) => pemOf(apns.clientCertificate({ topics: [TOPIC, VOIP] })),
      new Message(tokens, alert, { topic: 'com.example.other' }),
      'BAD_TOPIC',
    ))

  it('is a push type whose topic the certificate does not cover', () =>
    assertRefused(
      (apns) => pemOf(apns.clientCertificate({ topics: [TOPIC] })),
      new Message(tokens, alert, { pushType: 'voip' }),
      'BAD_TOPIC',
    ))

  it('is a message without a topic, for a certificate with several', () =>
    assertRefused(
      (apns) => ({ ...pemOf(apns.clientCertificate({ topics: [TOPIC, VOIP] })), topic: undefined }),
      new Message(tokens, alert),
      'BAD_TOPIC',
    ))

  it('is a message without a topic, with provider tokens', () =>
    assertRefused(() => ({ topic: undefined }), new Message(tokens, alert), 'BAD_TOPIC'))

  it('is a priority of 3', () =>
    assertRefused(() => ({}), new Message(tokens, alert, { priority: 3 }), 'BAD_PRIORITY'))
})
