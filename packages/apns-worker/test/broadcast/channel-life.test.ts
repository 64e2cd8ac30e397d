import assert from 'node:assert/strict'
import { createSecureServer } from 'node:http2'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { MAX_CALLS } from '#src/broadcast/channel-line.js'
import { freePort } from '../support/free-port.js'
import { failOnLeaks } from '../support/leaks.js'
import { runModule } from '../support/run-module.js'
import { TOPIC } from '../support/sender.js'
import { StoppedClock } from '../support/stopped-clock.js'
import { LOCALHOST } from '../support/test-identity.js'
import { startTcpServer, TestServer } from '../support/test-servers.js'
import { until } from '../support/within.js'
import { ask, managerFor, OPERATIONS, onlyChannels, rejection } from './support/channel-client.js'

failOnLeaks()

describe('the time for a request about channels', () => {
  it('is that for an answer: then it is asked again over another connection, if it may be', async () => {
    using clock = new StoppedClock()
    await using apns = await startSimulator({ channelRules: [{ times: 2, silent: true }] })
    const { id } = apns.addChannel()
    await using channels = managerFor(apns, { requestTimeout: 10 })
    const reading = channels.read(id)
    await until(() => apns.channelRequests.length === 1)
    clock.advance(9_999)
    assert.equal(apns.channelRequests.length, 1)
    clock.advance(1)
    await until(() => apns.channelRequests.length === 2)
    clock.advance(10_000)
    // The first time at once, from then on after a back-off.
    await until(() => apns.counts().openConnections === 0)
    clock.advance(20)
    assert.equal((await reading).id, id)
    assert.deepEqual(
      apns.channelRequests.map(({ connection }) => connection),
      [1, 2, 3],
    )
  })

  it('is not that for an answer to what creates: that may have been done', async () => {
    using clock = new StoppedClock()
    await using apns = await startSimulator({ channelRules: [{ silent: true }] })
    await using channels = managerFor(apns, { requestTimeout: 10 })
    const creating = rejection(channels.create({ storagePolicy: 'none' }))
    await until(() => apns.channelRequests.length === 1)
    clock.advance(10_000)
    const error = await creating
    assert.deepEqual([error.code, error.reason], ['unknown', 'RequestTimeout'])
    assert.equal(apns.channelRequests.length, 1)
  })

  it('ends everything, whatever it waits for', async () => {
    using clock = new StoppedClock()
    await using apns = await startSimulator({ channelRules: [{ silent: true }] })
    await using channels = managerFor(apns, { timeout: 5 })
    const ended = Promise.all(
      OPERATIONS.map((operation) => rejection(ask(channels, operation, apns.addChannel().id))),
    )
    await until(() => apns.channelRequests.length === OPERATIONS.length)
    clock.advance(5_000)
    assert.deepEqual(
      (await ended).map(({ operation, code, reason }) => [operation, code, reason]),
      [
        ['create', 'unknown', 'RequestTimeout'],
        ['read', 'unreachable', 'RequestTimeout'],
        ['list', 'unreachable', 'RequestTimeout'],
        ['delete', 'unknown', 'RequestTimeout'],
      ],
    )
  })

  it('ends the wait for a connection too, and says how far it came', async () => {
    using clock = new StoppedClock()
    await using server = await startTcpServer((socket) => socket.resume())
    await using channels = managerFor(onlyChannels(server), { timeout: 15, connectTimeout: 10 })
    const creating = rejection(channels.create({ storagePolicy: 'none' }))
    await until(() => server.sockets.size === 1)
    clock.advance(10_000)
    await until(() => server.connections === 2 || server.sockets.size === 0)
    clock.advance(5_000)
    const error = await creating
    assert.deepEqual([error.code, error.reason], ['unreachable', 'Unreachable'])
    assert.match(
      error.description,
      new RegExp(`no HTTP/2 connection to 127\\.0\\.0\\.1:${server.environment.port} within 10 s`),
    )
    assert.ok(error.cause instanceof Error)
  })

  it('may outlast a service that is down for a while', async () => {
    const server = createSecureServer(LOCALHOST)
    server.on('stream', (stream) => {
      stream.respond({ ':status': 201, 'apns-channel-id': 'AAAA' }, { endStream: true })
    })
    let down = 3
    server.prependListener('connection', (socket: Socket) => {
      if (down-- > 0) socket.destroy()
    })
    await using started = await TestServer.listen(server)
    await using channels = managerFor(onlyChannels(started))
    // Nothing was sent before there was a connection, so that even this can be tried again.
    assert.deepEqual(await channels.create({ storagePolicy: 'none' }), { id: 'AAAA', storagePolicy: 'none' })
    assert.equal(started.connections, 4)
  })

  it('is over when nobody listens, and says so', async () => {
    const channelPort = await freePort()
    await using channels = managerFor({ environment: { host: '127.0.0.1', channelPort } }, { timeout: 0.2 })
    const error = await rejection(channels.create({ storagePolicy: 'none' }))
    assert.deepEqual([error.code, error.reason], ['unreachable', 'Unreachable'])
    assert.match(error.description, /ECONNREFUSED/)
    assert.match(error.action, new RegExp(`firewall .* port ${channelPort}`))
  })
})

describe('a connection for channels', () => {
  it('is closed when it has had nothing to do for a minute, and another is opened when there is something', async () => {
    using clock = new StoppedClock()
    await using apns = await startSimulator()
    await using channels = managerFor(apns)
    await channels.list()
    clock.advance(59_000)
    await channels.list()
    clock.advance(59_999)
    assert.equal(apns.counts().openConnections, 1)
    clock.advance(1)
    await until(() => apns.counts().openConnections === 0)
    assert.equal(apns.counts().connections, 1)
    await channels.list()
    assert.equal(apns.counts().connections, 2)
  })

  it('is replaced when the server has closed it', async () => {
    await using apns = await startSimulator()
    await using channels = managerFor(apns)
    await channels.list()
    apns.goAway()
    await until(() => apns.counts().openConnections === 0)
    await channels.list()
    apns.disconnect()
    await until(() => apns.counts().openConnections === 0)
    await channels.list()
    assert.equal(apns.counts().connections, 3)
  })
})

describe('closing a manager of channels', () => {
  it('rejects what is on its way, what waits, and what comes later; it may be closed again', async () => {
    await using apns = await startSimulator({
      streamLimit: OPERATIONS.length,
      channelRules: [{ silent: true }],
    })
    const channels = managerFor(apns)
    const sent = OPERATIONS.map((operation) => rejection(ask(channels, operation, apns.addChannel().id)))
    await until(() => apns.channelRequests.length === OPERATIONS.length)
    const waiting = rejection(channels.list())
    await Promise.all([channels.close(), channels.close()])
    assert.deepEqual(
      (await Promise.all(sent)).map(({ operation, code, reason }) => [operation, code, reason]),
      [
        ['create', 'unknown', 'ConnectionLost'],
        ['read', 'unreachable', 'ConnectionLost'],
        ['list', 'unreachable', 'ConnectionLost'],
        ['delete', 'unknown', 'ConnectionLost'],
      ],
    )
    assert.equal((await waiting).code, 'closed')
    const late = await rejection(channels.list())
    assert.deepEqual(
      [late.code, late.reason, late.message],
      [
        'closed',
        'Closed',
        'list: Closed: The manager was closed before the request was sent. Make a new one.',
      ],
    )
    await channels.close()
    await until(() => apns.counts().openConnections === 0)
  })

  it('while it connects rejects everything as never sent', async () => {
    await using server = await startTcpServer((socket) => socket.resume())
    const channels = managerFor(onlyChannels(server))
    const creating = rejection(channels.create({ storagePolicy: 'none' }))
    await until(() => server.sockets.size === 1)
    await channels.close()
    assert.equal((await creating).code, 'closed')
  })

  it('leaves nobody waiting: so many requests may be on their way, and no more', async () => {
    await using server = await startTcpServer((socket) => socket.resume())
    const channels = managerFor(onlyChannels(server))
    const calls = Array.from({ length: MAX_CALLS }, () => rejection(channels.list()))
    const error = await rejection(channels.list())
    assert.deepEqual([error.code, error.reason], ['refused', 'TooManyCalls'])
    await channels.close()
    const codes = new Set((await Promise.all(calls)).map(({ code }) => code))
    assert.deepEqual([...codes], ['closed'])
  })
})

describe('a program that asked for channels', () => {
  async function run(body: string, rules: Parameters<typeof startSimulator>[0] = {}): Promise<string> {
    await using apns = await startSimulator(rules)
    const options = { ...apns.credentials, environment: apns.environment, topic: TOPIC }
    return await runModule(`
      import { ChannelManager } from 'apns-worker'
      const channels = new ChannelManager(${JSON.stringify(options)})
      ${body}`)
  }

  it('ends by itself, though it did not close', async () => {
    assert.equal(await run('console.log((await channels.list()).length)'), '0\n')
    assert.equal(await run(''), '')
  })

  it('does not end before it is answered', async () => {
    const late = { channelRules: [{ delay: 0.2 }] }
    assert.equal(await run(`channels.list().then((ids) => console.log(ids.length))`, late), '0\n')
  })

  it('ends after close()', async () => {
    assert.equal(
      await run(`
        await channels.create({ storagePolicy: 'none' })
        await channels.close()
        console.log('closed')`),
      'closed\n',
    )
  })
})
