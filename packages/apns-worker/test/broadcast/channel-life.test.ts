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
import { ELSEWHERE, LOCALHOST, PROVIDER_KEY } from '../support/test-identity.js'
import { startNodeServer, startTcpServer, TestServer } from '../support/test-servers.js'
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
    await using apns = await startSimulator({ channelRules: [{ nth: 2, delay: 10 }] })
    await using channels = managerFor(apns)
    await channels.list()
    clock.advance(59_000)
    const slow = channels.list()
    await until(() => apns.channelRequests.length === 2)
    clock.advance(10_000)
    await slow
    // While something was to be answered, it was not idle.
    await channels.list()
    assert.equal(apns.counts().connections, 1)
    clock.advance(59_999)
    assert.equal(apns.counts().openConnections, 1)
    clock.advance(1)
    await until(() => apns.counts().openConnections === 0)
    assert.equal(apns.counts().connections, 1)
    await channels.list()
    assert.equal(apns.counts().connections, 2)
  })

  it('is replaced at once when the server has closed it', async () => {
    await using apns = await startSimulator()
    // A connection that has served has not failed; after one that has, this would be the wait.
    await using channels = managerFor(apns, { retryDelay: 3600, maxRetryDelay: 3600 })
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

describe('connections for channels that fail', () => {
  it('are opened after a back-off, which doubles, and begins anew when one has served', async (context) => {
    context.mock.method(Math, 'random', () => 0.5)
    using clock = new StoppedClock()
    const server = createSecureServer(LOCALHOST)
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 })
      stream.end('{"channels":[]}')
    })
    let isDown = true
    server.prependListener('connection', (socket: Socket) => {
      if (isDown) socket.destroy()
    })
    await using started = await TestServer.listen(server)
    await using other = await startSimulator()
    await using others = managerFor(other, { timeout: 600 })
    await using channels = managerFor(onlyChannels(started), {
      retryDelay: 8,
      maxRetryDelay: 600,
      timeout: 600,
    })
    /** The server has so many connections; the next comes after so many seconds, and not before. */
    const waits = async (connections: number, seconds: number): Promise<void> => {
      await until(() => started.connections === connections && started.sockets.size === 0)
      // By then the client has seen it, too.
      await others.list()
      clock.advance(seconds * 1000 - 1)
      await others.list()
      assert.equal(started.connections, connections)
      clock.advance(1)
    }
    const first = channels.list()
    await waits(1, 4)
    await waits(2, 8)
    await waits(3, 16)
    isDown = false
    assert.deepEqual(await first, [])
    assert.equal(started.connections, 4)
    for (const socket of started.sockets) socket.destroy()
    await until(() => started.sockets.size === 0)
    await others.list()
    isDown = true
    const second = channels.list()
    await waits(5, 4)
    isDown = false
    assert.deepEqual(await second, [])
  })

  it('are tried again although they are not trusted any more, once one has worked', async () => {
    const server = createSecureServer(LOCALHOST)
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 })
      stream.end('{"channels":[]}')
    })
    await using started = await TestServer.listen(server)
    await using channels = managerFor(onlyChannels(started))
    await channels.list()
    for (const socket of started.sockets) socket.destroy()
    await until(() => started.sockets.size === 0)
    server.setSecureContext(ELSEWHERE)
    const reading = channels.list()
    await until(() => started.connections > 3)
    server.setSecureContext(LOCALHOST)
    assert.deepEqual(await reading, [])
  })

  it('keep refused requests waiting, too', async (context) => {
    context.mock.method(Math, 'random', () => 0.5)
    using clock = new StoppedClock()
    await using apns = await startSimulator({
      channelRules: [{ operation: 'create', reset: 'REFUSED_STREAM' }],
    })
    await using channels = managerFor(apns, { retryDelay: 8, maxRetryDelay: 600, timeout: 20 })
    const creating = rejection(channels.create({ storagePolicy: 'none' }))
    const creates = (): number =>
      apns.channelRequests.filter(({ operation }) => operation === 'create').length
    // The first time at once.
    await until(() => creates() === 2)
    for (const [seconds, count] of [
      [4, 3],
      [8, 4],
    ] as const) {
      await channels.list()
      clock.advance(seconds * 1000 - 1)
      await channels.list()
      assert.equal(creates(), count - 1)
      clock.advance(1)
      await until(() => creates() === count)
    }
    await channels.list()
    clock.advance(8_000)
    const error = await creating
    assert.deepEqual([error.code, error.reason], ['unreachable', 'Unreachable'])
  })
})

describe('closing a manager of channels', () => {
  it('rejects what is on its way, what waits, and what comes later; it may be closed again', async () => {
    await using apns = await startSimulator({
      streamLimit: OPERATIONS.length,
      channelRules: [{ silent: true }],
    })
    // What is rejected does not wait for its next attempt any more.
    const channels = managerFor(apns, { retryDelay: 59, maxRetryDelay: 59 })
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

  it('says GOAWAY', async () => {
    const codes: unknown[] = []
    await using server = await startNodeServer(
      ({ stream }) => {
        stream.respond({ ':status': 200 })
        stream.end('{"channels":[]}')
      },
      {},
      (session) => {
        session.on('goaway', (code) => codes.push(code))
      },
    )
    const channels = managerFor(onlyChannels(server))
    await channels.list()
    await channels.close()
    await until(() => codes.length > 0)
    assert.deepEqual(codes, [0])
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

  it('ends when it has given up, while a connection is still to come about', async () => {
    await using server = await startTcpServer((socket) => socket.resume())
    const options = {
      ...PROVIDER_KEY,
      ...onlyChannels(server),
      topic: TOPIC,
      timeout: 0.2,
      connectTimeout: 3600,
    }
    const output = await runModule(`
      import { ChannelManager } from 'apns-worker'
      const channels = new ChannelManager(${JSON.stringify(options)})
      await channels.list().catch(({ code }) => console.log(code))`)
    assert.equal(output, 'unreachable\n')
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
