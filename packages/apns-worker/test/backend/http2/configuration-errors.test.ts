import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { failOnLeaks } from '../../support/leaks.js'
import { answer, answerWithBody, settings, startScriptedServer } from '../../support/scripted-server.js'
import { Sender, TOPIC, tokensOf } from '../../support/sender.js'
import { until } from '../../support/within.js'

failOnLeaks()

const IN_FLIGHT = 100
const REASONS: readonly [number, string][] = [
  [400, 'TopicDisallowed'],
  [403, 'BadCertificate'],
  [403, 'BadCertificateEnvironment'],
  [403, 'InvalidProviderToken'],
  [403, 'MissingProviderToken'],
  [403, 'BadEnvironmentKeyIdInToken'],
  [403, 'BadEnvironmentKeyInToken'],
]

describe('a configuration error', () => {
  for (const [status, reason] of REASONS) {
    it(`(${reason}) stops the line at the first request, is reported once, and loses nothing`, async () => {
      await using apns = await startSimulator({ initialStreamLimit: 1000 })
      const mend = apns.reply({ status, reason })
      await using sender = new Sender(apns)
      const delivery = sender.send(200, { ambiguous: 'drop' })
      const error = await sender.stopped()
      assert.deepEqual(sender.errors, [error])
      assert.equal(error.code, 'configuration')
      assert.equal(error.reason, reason)
      assert.equal(error.httpStatus, status)
      assert.equal(error.token, undefined)
      assert.notEqual(error.action, '')
      assert.equal(apns.counts().received, 1)
      assert.deepEqual(
        [delivery.pending, sender.apns.stats().queued, sender.apns.stats().paused],
        [200, 200, true],
      )
      assert.equal(sender.warnings.length, 1)
      assert.match(sender.warnings[0] ?? '', /sending is paused: .* Then call resume\(\)/)

      mend()
      sender.apns.resume()
      await sender.accepted(delivery)
      assert.equal(sender.errors.length, 1)
      assert.equal(sender.apns.stats().paused, false)
    })
  }

  it('is reported once however many requests it hits, and what was in flight is not lost either', async () => {
    await using apns = await startSimulator({ streamLimit: IN_FLIGHT, latency: 0.02 })
    await using sender = new Sender(apns, { maxConnections: 2 })
    await sender.accepted(sender.send(5))
    const mend = apns.reply({ status: 403, reason: 'InvalidProviderToken' })
    const delivery = sender.send(tokensOf(1000, 'aa'))
    const error = await sender.stopped()
    await until(() => sender.apns.stats().inFlight === 0)
    assert.ok((apns.counts().byReason['InvalidProviderToken'] ?? 0) >= IN_FLIGHT)
    assert.deepEqual(sender.errors, [error])
    assert.equal(delivery.pending, 1000)
    mend()
    sender.apns.resume()
    await sender.accepted(delivery)
    const ids = new Map<string, Set<unknown>>()
    for (const { token, id } of apns.received) ids.set(token, (ids.get(token) ?? new Set()).add(id))
    for (const [token, set] of ids) assert.equal(set.size, 1, `the apns-id of ${token} has changed`)
  })

  it('that is not mended stops the line again at each resume, at the cost of one request', async () => {
    await using apns = await startSimulator()
    const mend = apns.reply({ status: 403, reason: 'InvalidProviderToken' })
    await using sender = new Sender(apns)
    const delivery = sender.send(50)
    for (let round = 1; round <= 3; round++) {
      await sender.stopped()
      assert.equal(sender.errors.length, round)
      assert.equal(apns.counts().received, round)
      sender.apns.resume()
    }
    await sender.stopped()
    mend()
    sender.apns.resume()
    sender.apns.resume()
    await sender.accepted(delivery)
  })

  it('leaves nothing bound to the connections on which it came up', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    await sender.accepted(sender.send(5))
    const mend = apns.reply({ status: 400, reason: 'TopicDisallowed' })
    const delivery = sender.send(5)
    await sender.stopped()
    mend()
    sender.apns.resume()
    await sender.accepted(delivery)
    assert.equal(apns.counts().connections, 2)
  })

  it('leaves no connection that was still being made either', async () => {
    let held: (() => void) | undefined
    await using server = await startScriptedServer({
      connected: (connection) => {
        if (connection.number === 2) held?.()
        else connection.send(settings(1))
      },
      requested: (connection, streamId) => {
        if (connection.number !== 1 || streamId !== 3) connection.send(answer(streamId))
        else held = () => connection.send(answerWithBody(streamId, 403, '{"reason":"InvalidProviderToken"}'))
      },
    })
    await using sender = new Sender(server, { maxConnections: 2 })
    const delivery = sender.send(10)
    await sender.stopped()
    sender.apns.resume()
    await sender.accepted(delivery)
    assert.ok(server.connections >= 3)
    await until(() => server.sockets.size === sender.apns.stats().connections)
  })

  it('lets messages be queued and cancelled meanwhile', async () => {
    await using apns = await startSimulator()
    const mend = apns.reply({ topic: 'com.example.wrong', status: 400, reason: 'TopicDisallowed' })
    await using sender = new Sender(apns)
    const wrong = sender.send(30, { topic: 'com.example.wrong' })
    await sender.stopped()
    const right = sender.send(30)
    await assert.rejects(sender.apns.flushMessages(), { reason: 'TopicDisallowed' })
    assert.equal(wrong.cancel(), 30)
    sender.apns.resume()
    await sender.accepted(right)
    const outcomes = await sender.outcomes(wrong)
    assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(['cancelled']))
    mend()
  })

  it('does not hold up close(), which gives back what was not sent', async () => {
    await using apns = await startSimulator()
    apns.reply({ status: 403, reason: 'InvalidProviderToken' })
    await using sender = new Sender(apns)
    const tokens = tokensOf(30)
    const delivery = sender.send(tokens)
    await sender.stopped()
    const { unsent } = await sender.apns.close({ timeout: 60 })
    assert.deepEqual(unsent.map(({ token }) => token).sort(), tokens)
    for (const { code } of unsent) assert.equal(code, 'cancelled')
    assert.deepEqual(await delivery.done(), { total: 30, succeeded: 0, failed: 30 })
  })
})

describe('a provider key', () => {
  it('that was revoked stops the line', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    await sender.accepted(sender.send(5))
    apns.revokeKey(apns.credentials.keyId)
    sender.send(50)
    assert.equal((await sender.stopped()).reason, 'InvalidProviderToken')
  })

  for (const environmentKeyReason of ['BadEnvironmentKeyInToken', 'BadEnvironmentKeyIdInToken'] as const) {
    it(`for the other environment stops the line, where the server says ${environmentKeyReason}`, async () => {
      await using apns = await startSimulator({ environmentKeyReason })
      await using sender = new Sender(apns, apns.addKey({ environment: 'sandbox' }))
      sender.send(50)
      const error = await sender.stopped()
      assert.equal(error.reason, environmentKeyReason)
      assert.match(error.action, /sandbox/)
      assert.equal(apns.counts().received, 1)
    })
  }

  it('for other topics stops the line', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns, apns.addKey({ topics: ['com.example.other'] }))
    sender.send(50)
    const error = await sender.stopped()
    assert.equal(error.reason, 'TopicDisallowed')
    assert.match(error.action, /topic/)
  })

  it('for this topic does not', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns, apns.addKey({ topics: [TOPIC] }))
    await sender.accepted(sender.send(50))
  })
})
