import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway } from '@apns-worker/simulator'
import { channels } from 'apns-worker'
import { EventRecorder } from '../support/event-recorder.js'
import { GatewaySender } from '../support/gateway-sender.js'
import { failOnLeaks } from '../support/leaks.js'
import { tokensOf } from '../support/sender.js'
import { startTcpServer } from '../support/test-servers.js'
import { until } from '../support/within.js'

failOnLeaks()

const TOKENS = tokensOf(20)

describe('over the retired gateway', () => {
  it('a frame is sent, and silence settles it', async () => {
    using recorder = new EventRecorder()
    await using gateway = await startGateway()
    const sender = new GatewaySender(gateway, { name: 'relay' })
    const delivery = sender.send(TOKENS.slice(0, 1))
    const [outcome] = await sender.outcomes(delivery)
    await sender.apns.close()
    const { host, port } = gateway.environment
    const { duration, connection, ...opened } = recorder.only(channels.connectionOpened)
    assert.ok(duration > 0 && duration < 60)
    assert.deepEqual(opened, {
      manager: 'relay',
      protocol: 'gateway',
      host,
      port,
      proxy: undefined,
      streamLimit: Number.POSITIVE_INFINITY,
    })
    assert.deepEqual(recorder.only(channels.requestSent), {
      manager: 'relay',
      connection,
      apnsId: outcome?.apnsId,
      pushType: 'alert',
      payloadBytes: JSON.stringify(delivery.message.payload).length,
      attempt: 1,
    })
    assert.equal(recorder.only(channels.notificationSettled).outcome, 'accepted')
    const { lifetime, ...closed } = recorder.only(channels.connectionClosed)
    assert.ok(lifetime > 0 && lifetime < 60)
    assert.deepEqual(closed, {
      manager: 'relay',
      connection,
      protocol: 'gateway',
      host,
      port,
      proxy: undefined,
      why: 'ours',
      cause: undefined,
      opened: true,
      sent: 1,
      answered: 0,
    })
    assert.deepEqual(recorder.of(channels.requestAnswered), [])
  })

  it('an error response names one, and those after it go again', async () => {
    using recorder = new EventRecorder()
    await using gateway = await startGateway({ rules: [{ connection: 1, nth: 15, status: 8 }] })
    await using sender = new GatewaySender(gateway, { name: 'relay' })
    const outcomes = await sender.outcomes(sender.send(TOKENS))
    const idOf = (token: string | undefined): string | undefined =>
      outcomes.find((outcome) => outcome.token === token)?.apnsId
    const { connection } = recorder.of(channels.connectionOpened)[0] ?? {}
    assert.deepEqual(recorder.only(channels.requestAnswered), {
      manager: 'relay',
      connection,
      apnsId: idOf(TOKENS[14]),
      httpStatus: undefined,
      gatewayStatus: 8,
      reason: undefined,
      duration: undefined,
    })
    assert.deepEqual(
      recorder.of(channels.notificationRetry),
      TOKENS.slice(15).map((token) => ({
        manager: 'relay',
        apnsId: idOf(token),
        reason: 'Discarded',
        delay: 0,
        attempt: 1,
      })),
    )
    const [closed] = recorder.of(channels.connectionClosed)
    assert.deepEqual([closed?.why, closed?.sent, closed?.answered], ['server', 20, 1])
    const refused = recorder.of(channels.notificationSettled).filter(({ outcome }) => outcome === 'refused')
    assert.deepEqual(refused, [
      {
        manager: 'relay',
        apnsId: idOf(TOKENS[14]),
        outcome: 'refused',
        reason: undefined,
        httpStatus: undefined,
      },
    ])
    const { traffic } = sender.apns.stats()
    assert.equal(traffic.sent, 25)
    assert.deepEqual(traffic.answered, { '2xx': 0, '4xx': 0, '5xx': 0, other: 1 })
    assert.deepEqual(traffic.reasons, { 'gateway status 8': 1 })
    assert.deepEqual([traffic.connectionsOpened, traffic.connectionsFailed], [2, 0])
  })

  it('an error response to a frame without an ident names none', async () => {
    using recorder = new EventRecorder()
    await using gateway = await startGateway({
      formats: ['simple'],
      // Status 8 for ident 0, which is the first notification's.
      rules: [{ connection: 1, nth: 3, bytes: '080800000000' }],
    })
    await using sender = new GatewaySender(gateway, { frameFormat: 'simple' })
    await sender.outcomes(sender.send(TOKENS))
    const { apnsId, gatewayStatus } = recorder.only(channels.requestAnswered)
    assert.deepEqual([apnsId, gatewayStatus], [undefined, 8])
    for (const { reason } of recorder.of(channels.notificationRetry)) assert.equal(reason, 'ConnectionLost')
  })

  it('a lost connection leaves all in doubt, and all of it goes again', async () => {
    using recorder = new EventRecorder()
    await using gateway = await startGateway({ rules: [{ nth: 5, disconnect: true, times: 1 }] })
    await using sender = new GatewaySender(gateway)
    await sender.outcomes(sender.send(TOKENS))
    const retries = recorder.of(channels.notificationRetry)
    assert.equal(retries.length, TOKENS.length)
    for (const { reason, attempt } of retries) assert.deepEqual([reason, attempt], ['ConnectionLost', 2])
    const { traffic } = sender.apns.stats()
    assert.equal(traffic.connectionsFailed, 1)
  })

  it('a gateway that can not be reached is a fault, and the next attempt is put off', async (context) => {
    context.mock.method(Math, 'random', () => 0.5)
    using recorder = new EventRecorder()
    await using gateway = await startGateway()
    await using server = await startTcpServer((socket) => socket.destroy())
    const environment = { ...gateway.environment, port: server.environment.port ?? 0 }
    await using sender = new GatewaySender(gateway, { environment, retryDelay: 60 })
    sender.send(TOKENS)
    await until(() => sender.apns.stats().traffic.backOff > 0)
    const { why, opened, sent } = recorder.only(channels.connectionClosed)
    assert.deepEqual([why, opened, sent], ['fault', false, 0])
    const { backOff, connectionsFailed, connections } = sender.apns.stats().traffic
    assert.ok(backOff > 10 && backOff <= 30, `${backOff} s`)
    assert.equal(connectionsFailed, 1)
    assert.deepEqual(connections, [])
  })

  it('a record of the feedback service is told without its token', async () => {
    using recorder = new EventRecorder()
    const when = new Date('2026-03-04T05:06:07Z')
    await using gateway = await startGateway()
    for (const token of TOKENS.slice(0, 3)) gateway.addFeedback(token, when)
    await using sender = new GatewaySender(gateway, { name: 'relay' })
    const heard: string[] = []
    sender.apns.getFeedback(({ token }) => heard.push(token))
    await until(() => heard.length === 3)
    assert.deepEqual(
      recorder.of(channels.feedbackReceived),
      heard.map(() => ({ manager: 'relay', apnsId: undefined, reason: undefined, when })),
    )
    await until(() => gateway.counts().openFeedbackConnections === 0)
  })

  it('a frame format that is not known pauses, and says which', async () => {
    using recorder = new EventRecorder()
    await using gateway = await startGateway({ formats: ['enhanced'] })
    await using sender = new GatewaySender(gateway)
    sender.send(TOKENS)
    await until(() => sender.apns.paused !== undefined)
    assert.equal(recorder.only(channels.sendingPaused).error.reason, 'FrameFormat')
    assert.equal(recorder.only(channels.requestAnswered).gatewayStatus, 128)
    const retries = recorder.of(channels.notificationRetry)
    assert.equal(retries.length, TOKENS.length)
    for (const { reason } of retries) assert.equal(reason, 'FrameFormat')
  })
})
