import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ChannelRule, startSimulator } from '@apns-worker/simulator'
import { type ChannelManager, type ChannelStats, channels } from 'apns-worker'
import { managerFor, onlyChannels, rejection } from '../broadcast/support/channel-client.js'
import { EventRecorder } from '../support/event-recorder.js'
import { freePort } from '../support/free-port.js'
import { failOnLeaks } from '../support/leaks.js'
import { TOPIC } from '../support/sender.js'
import { StoppedClock } from '../support/stopped-clock.js'
import { PROVIDER_KEY } from '../support/test-identity.js'
import { startTcpServer } from '../support/test-servers.js'
import { until } from '../support/within.js'

failOnLeaks()

const NAME = { name: 'channels' } as const
const NOTHING = { succeeded: 0, refused: 0, configuration: 0, unknown: 0, unreachable: 0, closed: 0 }

function countsOf({ traffic: _traffic, connections: _connections, ...counts }: ChannelStats): object {
  return counts
}

/** What happened to one that is asked of a simulator with such rules, and what was told and counted. */
async function settled(
  channelRules: readonly ChannelRule[],
  ask: (manager: ChannelManager, id: string) => Promise<unknown>,
): Promise<{ readonly event: object; readonly stats: ChannelStats; readonly id: string }> {
  using recorder = new EventRecorder()
  await using apns = await startSimulator({ channelRules })
  const { id } = apns.addChannel()
  await using manager = managerFor(apns, NAME)
  await ask(manager, id)
  const { duration, requestId, ...event } = recorder.only(channels.channelRequestSettled)
  assert.ok(duration >= 0)
  assert.equal(requestId, apns.channelRequests.at(-1)?.id)
  return { event, stats: manager.stats(), id }
}

describe('a request about channels is told and counted', () => {
  it('when it has succeeded', async () => {
    const { event, stats, id } = await settled([], (manager, channel) => manager.read(channel))
    assert.deepEqual(event, {
      ...{ manager: 'channels', operation: 'read', topic: TOPIC, channelId: id },
      ...{ outcome: 'succeeded', reason: undefined, httpStatus: 200, attempts: 1 },
    })
    assert.deepEqual(countsOf(stats), { ...NOTHING, succeeded: 1, retried: 0, pending: 0 })
    assert.equal(stats.connections, 1)
    const { connections, ...traffic } = stats.traffic
    assert.deepEqual(traffic, {
      ...{ sent: 1, answered: { '2xx': 1, '4xx': 0, '5xx': 0, other: 0 }, unanswered: 0, reasons: {} },
      ...{ connectionsOpened: 1, connectionsFailed: 0, pings: 0, backOff: 0 },
    })
    assert.deepEqual(
      connections.map(({ state, streams, sent, answered }) => [state, streams, sent, answered]),
      [['open', 0, 1, 1]],
    )
  })

  it('when it was refused', async () => {
    const { event, stats } = await settled([], (manager) => rejection(manager.delete('AAAA')))
    assert.deepEqual(event, {
      ...{ manager: 'channels', operation: 'delete', topic: TOPIC, channelId: 'AAAA' },
      ...{ outcome: 'refused', reason: 'ChannelNotRegistered', httpStatus: 400, attempts: 1 },
    })
    assert.deepEqual(countsOf(stats), { ...NOTHING, refused: 1, retried: 0, pending: 0 })
    assert.deepEqual(stats.traffic.reasons, { ChannelNotRegistered: 1 })
    assert.deepEqual(stats.traffic.answered, { '2xx': 0, '4xx': 1, '5xx': 0, other: 0 })
  })

  it('when it was sent again', async () => {
    const rules = [{ times: 2, status: 503, reason: 'Shutdown' }]
    const { event, stats } = await settled(rules, (manager) => manager.list())
    assert.deepEqual(event, {
      ...{ manager: 'channels', operation: 'list', topic: TOPIC, channelId: undefined },
      ...{ outcome: 'succeeded', reason: undefined, httpStatus: 200, attempts: 3 },
    })
    assert.deepEqual(countsOf(stats), { ...NOTHING, succeeded: 1, retried: 2, pending: 0 })
    assert.deepEqual([stats.traffic.sent, stats.traffic.connectionsOpened], [3, 3])
    assert.deepEqual(stats.traffic.reasons, { Shutdown: 2 })
  })

  it('when its fate is unknown', async () => {
    const { event, stats } = await settled([{ disconnect: true }], (manager) =>
      rejection(manager.create({ storagePolicy: 'none' })),
    )
    assert.deepEqual(event, {
      ...{ manager: 'channels', operation: 'create', topic: TOPIC, channelId: undefined },
      ...{ outcome: 'unknown', reason: 'ConnectionLost', httpStatus: undefined, attempts: 1 },
    })
    assert.deepEqual(countsOf(stats), { ...NOTHING, unknown: 1, retried: 0, pending: 0 })
    assert.deepEqual([stats.traffic.sent, stats.traffic.unanswered], [1, 1])
  })

  it('when every other would be refused as well', async () => {
    const { stats } = await settled([{ status: 403, reason: 'InvalidProviderToken' }], (manager) =>
      rejection(manager.list()),
    )
    assert.deepEqual(countsOf(stats), { ...NOTHING, configuration: 1, retried: 0, pending: 0 })
  })

  it('when it could not be sent, or not any more', async () => {
    using recorder = new EventRecorder()
    const port = await freePort()
    await using manager = managerFor(
      { environment: { host: '127.0.0.1', channelPort: port } },
      { ...NAME, timeout: 0.2 },
    )
    const failing = rejection(manager.list())
    await until(() => recorder.of(channels.connectionClosed).length > 0)
    assert.deepEqual([manager.stats().pending, manager.stats().connections], [1, 0])
    await failing
    await manager.close()
    await rejection(manager.list())
    const { traffic, ...stats } = manager.stats()
    assert.deepEqual(stats, { ...NOTHING, unreachable: 1, closed: 1, retried: 0, pending: 0, connections: 0 })
    assert.deepEqual([traffic.sent, traffic.connectionsOpened], [0, 0])
    assert.ok(traffic.connectionsFailed > 0)
    assert.deepEqual(
      recorder.of(channels.channelRequestSettled).map(({ outcome, attempts }) => [outcome, attempts]),
      [
        ['unreachable', 0],
        ['closed', 0],
      ],
    )
  })

  it('when nobody waits for the answer any more, as unanswered', async () => {
    await using apns = await startSimulator({ channelRules: [{ silent: true }] })
    const manager = managerFor(apns, NAME)
    const failing = rejection(manager.list())
    await until(() => apns.channelRequests.length === 1)
    assert.deepEqual([manager.stats().pending, manager.stats().traffic.unanswered], [1, 0])
    await manager.close()
    await failing
    const { traffic, pending } = manager.stats()
    assert.deepEqual([pending, traffic.sent, traffic.unanswered], [0, 1, 1])
  })
})

it('a request about channels that timed out is unanswered', async () => {
  using clock = new StoppedClock()
  await using apns = await startSimulator({ channelRules: [{ times: 1, silent: true }] })
  await using manager = managerFor(apns, { ...NAME, requestTimeout: 10 })
  const listing = manager.list()
  await until(() => apns.channelRequests.length === 1)
  clock.advance(10_000)
  await listing
  const { sent, answered, unanswered } = manager.stats().traffic
  assert.deepEqual([sent, answered['2xx'], unanswered], [2, 1, 1])
})

describe('the connections of a ChannelManager', () => {
  it('are told as those of other managers are', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator()
    const manager = managerFor(apns, NAME)
    await manager.list()
    const { connection, protocol, port, streamLimit } = recorder.only(channels.connectionOpened)
    assert.deepEqual([protocol, port, streamLimit > 0], ['http2', apns.environment.channelPort, true])
    await manager.close()
    const closed = recorder.only(channels.connectionClosed)
    assert.deepEqual(
      [closed.manager, closed.connection, closed.why, closed.opened, closed.sent, closed.answered],
      ['channels', connection, 'ours', true, 1, 1],
    )
    assert.deepEqual(recorder.only(channels.providerTokenRenewed).keyId, apns.credentials.keyId)
  })

  it('that break when they have served are a fault as well', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator()
    await using manager = managerFor(apns, NAME)
    await manager.list()
    apns.disconnect()
    await until(() => recorder.of(channels.connectionClosed).length > 0)
    const { why, opened, cause } = recorder.only(channels.connectionClosed)
    assert.deepEqual([why, opened, cause instanceof Error], ['fault', true, true])
    const { connectionsOpened, connectionsFailed } = manager.stats().traffic
    assert.deepEqual([connectionsOpened, connectionsFailed], [1, 1])
  })

  it('do not count while they are not open', async () => {
    await using server = await startTcpServer((socket) => void socket.resume())
    await using manager = managerFor(onlyChannels(server), NAME)
    const failing = rejection(manager.list())
    const { connections, traffic } = manager.stats()
    assert.deepEqual([connections, traffic.connections.map(({ state }) => state)], [0, ['connecting']])
    await manager.close()
    await failing
  })

  it('have a back-off while none can be opened', async () => {
    using recorder = new EventRecorder()
    const port = await freePort()
    const environment = { host: '127.0.0.1', channelPort: port }
    const manager = managerFor({ environment }, { retryDelay: 50, maxRetryDelay: 50 })
    const failing = rejection(manager.list())
    await until(() => recorder.of(channels.connectionClosed).length === 1)
    const [{ why, opened, cause } = { why: '', opened: true, cause: undefined }] = recorder.of(
      channels.connectionClosed,
    )
    assert.deepEqual([why, opened], ['fault', false])
    assert.match(cause?.message ?? '', /ECONNREFUSED/)
    const { backOff } = manager.stats().traffic
    assert.ok(backOff > 0 && backOff <= 50, String(backOff))
    await manager.close()
    await failing
  })

  it('belong to a manager that has a name of its own, if it was given none', () => {
    const [one, other] = [
      managerFor({ environment: { host: 'a' } }),
      managerFor({ environment: { host: 'b' } }),
    ]
    assert.match(one.name, /^apns-\d+$/)
    assert.notEqual(one.name, other.name)
    assert.throws(
      () => managerFor({ environment: { host: 'a' }, credentials: PROVIDER_KEY }, { name: '' }),
      TypeError,
    )
  })
})
