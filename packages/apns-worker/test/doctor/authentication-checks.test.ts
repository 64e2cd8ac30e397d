import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Rule, type Simulator, type SimulatorOptions, startSimulator } from '@apns-worker/simulator'
import { certificatePem, KEYS, keyPem } from '../credentials/test-certificates.js'
import { failOnLeaks } from '../support/leaks.js'
import {
  answer,
  answerWithBody,
  goAway,
  reset,
  settings,
  startScriptedServer,
} from '../support/scripted-server.js'
import { TOPIC } from '../support/sender.js'
import { StoppedClock } from '../support/stopped-clock.js'
import { startNodeServer } from '../support/test-servers.js'
import { until } from '../support/within.js'
import { at, atSimulator, type Examined, examine, examineWithTime } from './examine.js'

failOnLeaks()

const MINUTE_MS = 60_000
/** What APNs says of the push. */
const AS_APPLE: Rule = { badDeviceToken: true }

async function examineWith(options: SimulatorOptions, credentials: object = {}): Promise<Examined> {
  await using apns = await startSimulator(options)
  return await examine(atSimulator(apns, credentials))
}

function certificateOf(apns: Simulator, options: object = {}): { cert: string; key: string } {
  const { cert, key } = apns.clientCertificate({ topics: [TOPIC], ...options })
  return { cert, key }
}

describe('the check of authentication', () => {
  it('takes BadDeviceToken for a good credential: it delivers nothing', async () => {
    await using apns = await startSimulator({ rules: [AS_APPLE] })
    const found = await examine(atSimulator(apns))
    found.assertFound(
      'authentication',
      'OK',
      /^400 BadDeviceToken, which is what a good credential gets/,
      'ok',
    )
    const facts = {
      status: 400,
      reason: 'BadDeviceToken',
      maxConcurrentStreams: 1000,
      maxHeaderListSize: 8000,
    }
    assert.deepEqual(found.of('authentication').facts, facts)
    const [push, ...more] = apns.received
    assert.deepEqual(more, [])
    assert.equal(push?.token, '00'.repeat(32))
    assert.deepEqual(
      [push.pushType, push.headers.get('apns-priority'), push.headers.get('apns-expiration')],
      ['background', '5', '0'],
    )
  })

  it('makes a push of the type that the topic is for', async () => {
    const topics = {
      voip: `${TOPIC}.voip`,
      location: `${TOPIC}.location-query`,
      mdm: 'com.apple.mgmt.External.1',
    }
    for (const [type, topic] of Object.entries(topics)) {
      await using apns = await startSimulator()
      const found = await examine(atSimulator(apns, { topic }))
      found.assertFound('authentication', 'OK', /^200: the server takes the credential/, 'ok')
      assert.deepEqual([apns.received[0]?.pushType, apns.received[0]?.topic], [type, topic])
    }
  })

  it('takes a certificate that the server takes, without a provider token', async () => {
    await using apns = await startSimulator({ rules: [AS_APPLE] })
    const found = await examine({ ...certificateOf(apns), servers: [apns.environment] })
    assert.equal(found.of('authentication').code, 'OK')
    assert.equal(apns.received[0]?.headers.get('authorization'), undefined)
    found.assertFound('clock', 'CLOCK_UNKNOWN', /no date to tell it by/, 'skipped')
  })

  it('says that the key, its id, its team or its environment is wrong', async () => {
    await using apns = await startSimulator()
    const wrongId = await examine(atSimulator(apns, { keyId: 'WRONG12345' }))
    const words = /^403 InvalidProviderToken: .* keyId .* teamId .* revoked/
    wrongId.assertFound('authentication', 'CREDENTIAL_REFUSED', words)
    wrongId.assertFound('clock', 'CLOCK_UNKNOWN', /no date/, 'skipped')
    const { keyId, ...sandbox } = apns.addKey({ environment: 'sandbox' })
    const other = await examine(atSimulator(apns, { ...sandbox, keyId }))
    other.assertFound('authentication', 'CREDENTIAL_REFUSED', /BadEnvironmentKey\w+: .*other environment/)
    apns.revokeKey(apns.credentials.keyId)
    ;(await examine(atSimulator(apns))).assertFound('authentication', 'CREDENTIAL_REFUSED', words)
  })

  it('says that the certificate is not taken, or for the other environment', async () => {
    await using apns = await startSimulator({ now: () => Date.now() + 400 * 1440 * MINUTE_MS })
    await using sandbox = await startSimulator({ environment: 'sandbox' })
    const now = {
      notBefore: new Date(Date.now() - MINUTE_MS),
      notAfter: new Date(Date.now() + 60 * 1440 * MINUTE_MS),
    }
    const expired = await examine({ ...certificateOf(apns, now), servers: [apns.environment] })
    expired.assertFound('authentication', 'CREDENTIAL_REFUSED', /^403 BadCertificate: .*Renew/)
    const production = {
      ...certificateOf(sandbox, { environments: ['production'] }),
      servers: [sandbox.environment],
    }
    const wrong = await examine(production)
    wrong.assertFound('authentication', 'CREDENTIAL_REFUSED', /^403 BadCertificateEnvironment/)
  })

  it('says that the topic is not taken', async () => {
    const found = await examineWith({ topics: ['com.example.other'] })
    found.assertFound('authentication', 'TOPIC_REFUSED', /^400 TopicDisallowed: .*Check the topic/)
  })

  it('takes what the server may say on a bad day for what it is', async () => {
    const cases: readonly (readonly [
      Rule,
      Parameters<Examined['assertFound']>[1],
      RegExp,
      ('warning' | 'problem')?,
    ])[] = [
      [{ status: 429, reason: 'TooManyProviderTokenUpdates' }, 'UNDECIDED', /in 20 minutes/, 'warning'],
      [{ status: 429, reason: 'TooManyRequests' }, 'UNDECIDED', /not judged/, 'warning'],
      [{ status: 503, reason: 'ServiceUnavailable' }, 'SERVER_FAILED', /not judged. Try again later/],
      [{ status: 404, reason: 'BadPath' }, 'REFUSED', /names an APNs/],
      [{ status: 502, body: '<html>' }, 'NOT_APNS', /HTTP 502: .*<html>/],
      [{ disconnect: true }, 'NO_ANSWER', /closed the connection|was lost|broke/],
      [{ reset: 'INTERNAL_ERROR' }, 'NO_ANSWER', /gave the request up \(HTTP\/2 error code 2\)/],
      [
        { goAway: { lastStreamId: 0, reason: 'BadCertificate' } },
        'CREDENTIAL_REFUSED',
        /^BadCertificate: .*Renew/,
      ],
    ]
    for (const [rule, code, words, verdict] of cases) {
      const found = await examineWith({ rules: [rule] })
      found.assertFound('authentication', code, words, verdict)
    }
  })

  it('says that a server which allows no request gets none', async () => {
    const found = await examineWith({ initialStreamLimit: 0 })
    found.assertFound('settings', 'OK', /takes 0 requests at a time/, 'ok')
    found.assertFound('authentication', 'NO_ANSWER', /allows no request at all/)
    found.assertFound('clock', 'CLOCK_UNKNOWN', /no answer to tell it by/, 'skipped')
  })

  it('is not confused by a GOAWAY, a reset or words after the answer', async () => {
    await using server = await startScriptedServer({
      requested: (connection, stream) =>
        connection.send(
          goAway(stream),
          answerWithBody(stream, 400, '{"reason":"Bad', 'DeviceToken"}'),
          reset(stream, 5),
          answer(stream, 500),
        ),
    })
    assert.equal((await examine(at(server.environment))).of('authentication').code, 'OK')
  })

  it('keeps to HTTP/2: it acknowledges settings, and says good-bye', async () => {
    await using server = await startScriptedServer({
      requested: (connection, stream) => {
        if (stream === 1) connection.send(settings(9))
      },
      acknowledged: (connection) => {
        if (connection.requests.length > 0) connection.send(answer(1))
      },
    })
    const found = await examine(at(server.environment))
    assert.equal(found.of('authentication').facts['maxConcurrentStreams'], 9)
    let goodBye: number | undefined
    await using node = await startNodeServer(
      ({ stream }) => stream.respond({ ':status': 200 }, { endStream: true }),
      {},
      (session) =>
        session.on('goaway', (code) => {
          goodBye = code
        }),
    )
    assert.equal((await examine(at(node.environment))).of('authentication').code, 'OK')
    await until(() => goodBye === 0)
  })

  it('leaves the topic to a certificate that names none', async () => {
    await using apns = await startSimulator()
    const day = (count: number): Date => new Date(Date.now() + count * 1440 * MINUTE_MS)
    const cert = certificatePem(KEYS.rsa, { validFrom: day(-1), validTo: day(99) })
    const found = await examine({ cert, key: keyPem(KEYS.rsa), servers: [apns.environment] })
    found.assertFound('authentication', 'CREDENTIAL_REFUSED', /^403 BadCertificate:/)
    const [push] = apns.received
    assert.deepEqual([push?.pushType, push?.headers.get('apns-topic')], ['background', undefined])
  })

  it('gives up on a server that does not answer', async () => {
    await using apns = await startSimulator({ rules: [{ silent: true }] })
    using clock = new StoppedClock()
    const found = await examineWithTime(clock, examine(atSimulator(apns)))
    found.assertFound('authentication', 'ANSWER_TIMEOUT', /no answer to a request within 10 s/)
    clock.advance(60_000)
  })

  it('does not repeat a provider token that a server sends back', async () => {
    let sent = ''
    await using server = await startNodeServer(({ stream, headers }) => {
      sent = String(headers['authorization']).replace('bearer ', '')
      stream.respond({ ':status': 502 })
      stream.end(`<pre>authorization: ${headers['authorization']}</pre>`)
    })
    const found = await examine(at(server.environment))
    found.assertFound('authentication', 'NOT_APNS', /authorization: bearer <provider token>/)
    assert.ok(sent.startsWith('ey'))
    assert.ok(!JSON.stringify(found).includes(sent))
  })
})

describe('the check of the clock', () => {
  const dated = (minutes: number): SimulatorOptions => ({
    rules: [
      {
        status: 400,
        reason: 'BadDeviceToken',
        headers: { date: new Date(Date.now() + minutes * MINUTE_MS).toUTCString() },
      },
    ],
  })

  it("compares it with the date of the server's answer", async () => {
    const right = await examineWith(dated(0))
    right.assertFound('clock', 'OK', /it agrees with the server's/, 'ok')
    const off = await examineWith(dated(5))
    off.assertFound('clock', 'CLOCK_OFF', /it is 5 minutes behind the server's .*NTP/, 'warning')
    assert.ok(Math.abs(Number(off.of('clock').facts['secondsAhead']) + 300) <= 60)
    const wrong = await examineWith(dated(-120))
    wrong.assertFound('clock', 'CLOCK_WRONG', /it is 120 minutes ahead of the server's/)
    const slow = await examineWith(dated(12))
    slow.assertFound('clock', 'CLOCK_WRONG', /it is 12 minutes behind/)
  })

  it('otherwise takes the word of the server on a provider token that it dated', async () => {
    const right = await examineWith({ rules: [AS_APPLE] })
    right.assertFound('clock', 'OK', /right within an hour/, 'ok')
    const behind = await examineWith({ now: () => Date.now() + 120 * MINUTE_MS })
    behind.assertFound(
      'authentication',
      'CREDENTIAL_REFUSED',
      /^403 ExpiredProviderToken: .* Set this machine's clock/,
    )
    behind.assertFound('clock', 'CLOCK_WRONG', /behind by half an hour or more/)
    const ahead = await examineWith({ now: () => Date.now() - 120 * MINUTE_MS })
    ahead.assertFound(
      'authentication',
      'CREDENTIAL_REFUSED',
      /this machine's clock is ahead by more than an hour/,
    )
  })

  it('makes nothing of a date that is none', async () => {
    const rule = { status: 403, reason: 'InvalidProviderToken', headers: { date: 'noon' } }
    ;(await examineWith({ rules: [rule] })).assertFound('clock', 'CLOCK_UNKNOWN', /no date/, 'skipped')
  })
})
