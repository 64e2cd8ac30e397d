import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { channels } from 'apns-worker'
import { EventRecorder } from '../support/event-recorder.js'
import { failOnLeaks } from '../support/leaks.js'
import {
  answer,
  answerWithBody,
  goAway,
  type ScriptedConnection,
  settings,
  startScriptedServer,
} from '../support/scripted-server.js'
import { Sender, tokensOf } from '../support/sender.js'
import { startConnectProxy } from '../support/test-proxies.js'
import { startTcpServer } from '../support/test-servers.js'
import { until } from '../support/within.js'

failOnLeaks()

const SINCE = new Date('2026-03-04T05:06:07.089Z')
const ENHANCE_YOUR_CALM = 11

function isSeconds(value: number | undefined): boolean {
  return value !== undefined && value >= 0 && value < 60
}

describe('the walk of one notification', () => {
  it('is told in order, each event with its fields', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator({ streamLimit: 77, initialStreamLimit: 77 })
    const sender = new Sender(apns, { name: 'news' })
    const delivery = sender.send(1)
    const [outcome] = await sender.outcomes(delivery)
    await sender.apns.close()

    assert.deepEqual(recorder.names(), [
      channels.connectionOpened,
      channels.providerTokenRenewed,
      channels.requestSent,
      channels.requestAnswered,
      channels.notificationSettled,
      channels.connectionClosed,
    ])
    const { duration, ...opened } = recorder.only(channels.connectionOpened)
    const { connection } = opened
    const { host, port } = apns.environment
    assert.ok(isSeconds(duration))
    assert.deepEqual(opened, {
      manager: 'news',
      connection,
      protocol: 'http2',
      host,
      port,
      proxy: undefined,
      streamLimit: 77,
    })
    const apnsId = outcome?.apnsId
    assert.deepEqual(recorder.only(channels.requestSent), {
      manager: 'news',
      connection,
      apnsId,
      pushType: 'alert',
      payloadBytes: JSON.stringify(delivery.message.payload).length,
      attempt: 1,
    })
    const { duration: answerTime, ...answered } = recorder.only(channels.requestAnswered)
    assert.ok(isSeconds(answerTime))
    assert.deepEqual(answered, {
      manager: 'news',
      connection,
      apnsId,
      httpStatus: 200,
      gatewayStatus: undefined,
      reason: undefined,
    })
    assert.deepEqual(recorder.only(channels.notificationSettled), {
      manager: 'news',
      apnsId,
      outcome: 'accepted',
      reason: undefined,
      httpStatus: undefined,
    })
    const { lifetime, ...closed } = recorder.only(channels.connectionClosed)
    assert.ok(isSeconds(lifetime))
    assert.deepEqual(closed, {
      manager: 'news',
      connection,
      protocol: 'http2',
      host,
      port,
      proxy: undefined,
      why: 'ours',
      cause: undefined,
      opened: true,
      sent: 1,
      answered: 1,
    })
    const { keyId, teamId, issuedAt } = recorder.only(channels.providerTokenRenewed)
    assert.deepEqual([keyId, teamId], [apns.credentials.keyId, apns.credentials.teamId])
    assert.ok(issuedAt.getTime() <= Date.now() && issuedAt.getTime() % 1000 === 0)
  })

  it('counts time in seconds', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator({ latency: 0.05 })
    await using sender = new Sender(apns)
    await sender.accepted(sender.send(1))
    const { duration = 0 } = recorder.only(channels.requestAnswered)
    assert.ok(duration >= 0.04 && duration < 30, `${duration} s`)
  })

  it('ends with a dead token that getFeedback names and no event does', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator({ rules: [{ tokenPrefix: 'dead', unregistered: SINCE }] })
    await using sender = new Sender(apns, { name: 'news' })
    const [outcome] = await sender.outcomes(sender.send(tokensOf(1, 'dead')))
    const apnsId = outcome?.apnsId
    const answered = recorder.only(channels.requestAnswered)
    assert.deepEqual([answered.apnsId, answered.httpStatus, answered.reason], [apnsId, 410, 'Unregistered'])
    assert.deepEqual(recorder.only(channels.feedbackReceived), {
      manager: 'news',
      apnsId,
      reason: 'Unregistered',
      when: SINCE,
    })
    assert.deepEqual(recorder.only(channels.notificationSettled), {
      manager: 'news',
      apnsId,
      outcome: 'refused',
      reason: 'Unregistered',
      httpStatus: 410,
    })
    assert.deepEqual(recorder.of(channels.notificationRetry), [])
  })

  it('names Apple’s status where it gave no reason', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator({ rules: [{ times: 1, status: 418, body: '<html>' }] })
    await using sender = new Sender(apns)
    await sender.outcomes(sender.send(1))
    assert.equal(recorder.only(channels.requestAnswered).reason, 'HTTP 418')
    assert.equal(recorder.only(channels.notificationSettled).reason, 'HTTP 418')
  })
})

describe('a retry', () => {
  it('says why, when, and which attempt it is', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator({
      rules: [{ times: 2, status: 429, reason: 'TooManyRequests', retryAfter: 1 }],
    })
    await using sender = new Sender(apns, { retryDelay: 0.01, name: 'news' })
    const [outcome] = await sender.outcomes(sender.send(1))
    const apnsId = outcome?.apnsId
    assert.deepEqual(
      recorder.of(channels.notificationRetry),
      [2, 3].map((attempt) => ({ manager: 'news', apnsId, reason: 'TooManyRequests', delay: 1, attempt })),
    )
    assert.deepEqual(
      recorder.of(channels.requestSent).map(({ attempt }) => attempt),
      [1, 2, 3],
    )
    assert.equal(recorder.of(channels.notificationSettled).length, 1)
  })

  for (const [rule, reason, unprocessed, attempt] of [
    [{ reset: 'REFUSED_STREAM' }, 'StreamRefused', true, 1],
    [{ reset: 'CANCEL' }, 'RequestReset', false, 2],
    [{ silent: true }, 'ConnectionLost', false, 2],
    [{ disconnect: true }, 'ConnectionLost', false, 2],
  ] as const) {
    it(`follows a request that was not answered: ${JSON.stringify(rule)}`, async () => {
      using recorder = new EventRecorder()
      await using apns = await startSimulator({ rules: [{ tokenPrefix: 'a', times: 1, ...rule }] })
      await using sender = new Sender(apns, { name: 'news', requestTimeout: 0.2, retryDelay: 0.01 })
      await sender.accepted(sender.send(1))
      const [outcome] = await sender.outcomes(sender.send(tokensOf(1, 'a')))
      const apnsId = outcome?.apnsId
      const { duration, connection, ...unanswered } = recorder.only(channels.requestUnanswered)
      assert.ok(isSeconds(duration))
      assert.equal(connection, recorder.of(channels.connectionOpened)[0]?.connection)
      assert.deepEqual(unanswered, { manager: 'news', apnsId, reason, unprocessed })
      assert.deepEqual(recorder.only(channels.notificationRetry), {
        manager: 'news',
        apnsId,
        reason,
        delay: 0,
        attempt,
      })
    })
  }
})

describe('a request that the server forgets', () => {
  it('has timed out when others are answered meanwhile', async () => {
    using recorder = new EventRecorder()
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(10)),
      requested: (connection, streamId) => {
        if (connection.requests.length !== 2) connection.send(answer(streamId))
      },
    })
    await using sender = new Sender(server, { requestTimeout: 0.2, retryDelay: 0.01 })
    await sender.accepted(sender.send(3))
    const { reason, unprocessed, duration } = recorder.only(channels.requestUnanswered)
    assert.deepEqual([reason, unprocessed], ['RequestTimeout', false])
    assert.ok(duration >= 0.2 && duration < 60, `${duration} s`)
    assert.equal(recorder.only(channels.notificationRetry).reason, 'RequestTimeout')
  })
})

describe('a connection', () => {
  it('that is refused is closed, and never was opened', async () => {
    using recorder = new EventRecorder()
    await using server = await startTcpServer((socket) => socket.destroy())
    await using sender = new Sender(server, { name: 'news', retryDelay: 60 })
    sender.send(1)
    await until(() => recorder.of(channels.connectionClosed).length === 1)
    const { connection, cause, ...closed } = recorder.only(channels.connectionClosed)
    assert.ok(connection > 0 && cause instanceof Error)
    assert.deepEqual(closed, {
      manager: 'news',
      protocol: 'http2',
      host: server.environment.host,
      port: server.environment.port,
      proxy: undefined,
      why: 'fault',
      opened: false,
      lifetime: 0,
      sent: 0,
      answered: 0,
    })
    assert.deepEqual(recorder.of(channels.connectionOpened), [])
  })

  it('through a proxy names it, and not who we are there', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator()
    const login = { username: 'somebody', password: 'open sesame' }
    await using proxy = await startConnectProxy({ login })
    const sender = new Sender(apns, { proxy: proxy.urlFor(login) })
    await sender.accepted(sender.send(1))
    await sender.apns.close()
    const { host } = apns.environment
    for (const event of [recorder.only(channels.connectionOpened), recorder.only(channels.connectionClosed)])
      assert.deepEqual([event.host, event.proxy], [host, proxy.url])
    assert.doesNotMatch(recorder.text(), /somebody|sesame/)
  })

  it('has a number of its own', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator({ streamLimit: 5, initialStreamLimit: 5, latency: 0.005 })
    await using sender = new Sender(apns, { maxConnections: 3 })
    await sender.accepted(sender.send(100))
    const numbers = recorder.of(channels.connectionOpened).map(({ connection }) => connection)
    assert.equal(new Set(numbers).size, 3)
    for (const { connection } of recorder.of(channels.requestSent)) assert.ok(numbers.includes(connection))
  })

  it('that the server ends in order says so: GOAWAY, then its end', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator()
    await using sender = new Sender(apns, { name: 'news' })
    await sender.accepted(sender.send(5))
    apns.goAway({ reason: 'IdleTimeout' })
    await until(() => recorder.of(channels.connectionClosed).length === 1)
    const { lastStreamId, connection, ...goingAway } = recorder.only(channels.goAway)
    assert.ok(lastStreamId > 0)
    assert.deepEqual(goingAway, { manager: 'news', code: 0, reason: 'IdleTimeout' })
    const closed = recorder.only(channels.connectionClosed)
    assert.deepEqual([closed.connection, closed.why, closed.cause], [connection, 'server', undefined])
  })

  it('that the server ends by an error names it, and what it left out', async () => {
    using recorder = new EventRecorder()
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(10)),
      requested: (connection, streamId) => {
        if (connection.number > 1 || streamId === 1) connection.send(answer(streamId))
        else if (connection.requests.length === 4) connection.send(goAway(1, ENHANCE_YOUR_CALM))
      },
    })
    await using sender = new Sender(server, { maxConnections: 1, retryDelay: 0.01 })
    await sender.accepted(sender.send(4))
    const { lastStreamId, code, reason } = recorder.only(channels.goAway)
    assert.deepEqual([lastStreamId, code, reason], [1, ENHANCE_YOUR_CALM, undefined])
    for (const { unprocessed } of recorder.of(channels.requestUnanswered)) assert.equal(unprocessed, true)
    const [closed] = recorder.of(channels.connectionClosed)
    assert.deepEqual([closed?.why, closed?.sent, closed?.answered], ['fault', 4, 1])
    assert.match(closed?.cause?.message ?? '', /HTTP\/2 error code 11/)
    assert.equal(recorder.of(channels.notificationRetry).length, 3)
  })

  it('tells of each change of its stream limit, and of nothing else that SETTINGS say', async () => {
    using recorder = new EventRecorder()
    let connection: ScriptedConnection | undefined
    await using server = await startScriptedServer({
      connected: (connected) => {
        connection = connected
        connected.send(settings(10))
      },
      requested: (connected, streamId) => connected.send(answer(streamId)),
    })
    await using sender = new Sender(server, { name: 'news' })
    await sender.accepted(sender.send(1))
    connection?.send(settings(10), settings(3), settings(), settings(100))
    await until(() => recorder.of(channels.streamLimit).length === 2)
    const { connection: number, streamLimit } = recorder.only(channels.connectionOpened)
    assert.equal(streamLimit, 10)
    assert.deepEqual(recorder.of(channels.streamLimit), [
      { manager: 'news', connection: number, streamLimit: 3, previous: 10 },
      { manager: 'news', connection: number, streamLimit: 100, previous: 3 },
    ])
  })

  it('of a server without a limit has none', async () => {
    using recorder = new EventRecorder()
    await using server = await startScriptedServer({
      requested: (connection, streamId) => connection.send(answer(streamId)),
    })
    await using sender = new Sender(server)
    await sender.accepted(sender.send(1))
    assert.equal(recorder.only(channels.connectionOpened).streamLimit, Number.POSITIVE_INFINITY)
  })
})

describe('a configuration error', () => {
  it('pauses, with the error that the errorHandler hears, and a resume says so', async () => {
    using recorder = new EventRecorder()
    await using server = await startScriptedServer({
      requested: (connection, streamId) =>
        connection.send(
          connection.number === 1
            ? answerWithBody(streamId, 403, '{"reason":"InvalidProviderToken"}')
            : answer(streamId),
        ),
    })
    await using sender = new Sender(server, { name: 'news' })
    const delivery = sender.send(1)
    const error = await sender.stopped()
    assert.deepEqual(recorder.only(channels.sendingPaused), { manager: 'news', error })
    assert.equal(recorder.only(channels.sendingPaused).error, sender.errors[0])
    assert.equal(recorder.only(channels.notificationRetry).reason, 'InvalidProviderToken')
    assert.deepEqual(recorder.of(channels.sendingResumed), [])
    sender.apns.resume()
    await sender.accepted(delivery)
    assert.deepEqual(recorder.only(channels.sendingResumed), { manager: 'news' })
    sender.apns.resume()
    recorder.only(channels.sendingResumed)
    const names = recorder.names()
    assert.ok(names.indexOf(channels.sendingPaused) < names.indexOf(channels.sendingResumed))
  })
})
