import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Rule, type Simulator, startSimulator } from '@apns-worker/simulator'
import {
  type ApnsManagerOptions,
  BroadcastBackend,
  type BroadcastHost,
  BroadcastMessage,
  type BroadcastOptions,
  type Delivery,
  type Outcome,
} from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { type Peer, Sender, TOPIC, tokensOf } from '../support/sender.js'
import { startConnectProxy } from '../support/test-proxies.js'
import { startNodeServer } from '../support/test-servers.js'
import { until } from '../support/within.js'

failOnLeaks()

const PAYLOAD = { aps: { event: 'update', timestamp: 1_700_000_000, 'content-state': { score: 1 } } }
const QUICK = { retryDelay: 0.01, maxRetryDelay: 0.02 } as const

/** A manager for broadcasts. */
class Broadcaster extends Sender {
  constructor(peer: Peer, options: Partial<ApnsManagerOptions> = {}) {
    super(peer, { backend: BroadcastBackend, ...QUICK, ...options })
  }

  broadcast(
    channel: ConstructorParameters<typeof BroadcastMessage>[0],
    options?: BroadcastOptions,
  ): Delivery {
    return this.sendMessage(new BroadcastMessage(channel, PAYLOAD, options))
  }

  async outcome(delivery: Delivery): Promise<Outcome> {
    const [outcome] = await this.outcomes(delivery)
    assert.ok(outcome)
    return outcome
  }
}

/** The request ids that the simulator got, one for each attempt. */
function requestIds({ broadcasts }: Simulator): (string | undefined)[] {
  return broadcasts.map(({ id }) => id)
}

describe('a broadcast', () => {
  it('has the fields that Apple asks for, and none that was not asked for', async () => {
    await using apns = await startSimulator()
    const channel = apns.addChannel({ storagePolicy: 'latest' })
    await using sender = new Broadcaster(apns)
    const outcome = await sender.outcome(
      sender.broadcast(channel, { priority: 5, expiration: 4_000_000_000 }),
    )
    const [received] = apns.broadcasts
    assert.deepEqual(Object.fromEntries(received?.headers ?? []), {
      authorization: received?.headers.get('authorization'),
      'apns-channel-id': channel.id,
      'apns-push-type': 'liveactivity',
      'apns-priority': '5',
      'apns-expiration': '4000000000',
      'apns-request-id': outcome.apnsId,
    })
    assert.match(received?.headers.get('authorization') ?? '', /^bearer [\w-]+\.[\w-]+\.[\w-]{86}$/)
    assert.deepEqual([received?.bundleId, received?.payload], [TOPIC, PAYLOAD])
    assert.deepEqual(outcome, {
      token: channel.id,
      apnsId: received?.id,
      pushType: 'liveactivity',
      status: 'accepted',
    })
  })

  it('always has a priority and an expiration', async () => {
    await using apns = await startSimulator()
    await using sender = new Broadcaster(apns)
    await sender.accepted(sender.broadcast(apns.addChannel()))
    assert.deepEqual([apns.broadcasts[0]?.priority, apns.broadcasts[0]?.expiration], [10, 0])
  })

  it('has the pseudo-header fields of HTTP/2', async () => {
    const seen: unknown[] = []
    await using server = await startNodeServer(({ stream, headers }) => {
      seen.push([headers[':method'], headers[':scheme'], headers[':authority'], headers[':path']])
      stream.respond({ ':status': 200 }, { endStream: true })
    })
    await using sender = new Broadcaster(server)
    await sender.accepted(sender.broadcast({ id: 'AAAA', storagePolicy: 'none' }))
    const { host, port } = server.environment
    assert.deepEqual(seen, [['POST', 'https', `${host}:${port}`, `/4/broadcasts/apps/${TOPIC}`]])
  })

  it('goes out with a client certificate as well, and no provider token', async () => {
    await using apns = await startSimulator()
    const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
    await using sender = new Broadcaster(apns, { cert, key })
    await sender.accepted(sender.broadcast(apns.addChannel()))
    const [received] = apns.broadcasts
    assert.deepEqual(
      [received?.authentication, received?.headers.has('authorization')],
      ['certificate', false],
    )
    const other = apns.addChannel({ bundleId: 'com.example.other' })
    assert.throws(() => sender.broadcast(other, { topic: 'com.example.other' }), {
      code: 'BAD_TOPIC',
      message: "topic com.example.other is not one of the certificate's: com.example.app",
    })
  })

  it('may be of another app than the manager’s', async () => {
    await using apns = await startSimulator()
    await using sender = new Broadcaster(apns)
    const topic = 'com.example.other'
    await sender.accepted(sender.broadcast(apns.addChannel({ bundleId: topic }), { topic }))
    assert.equal(apns.broadcasts[0]?.bundleId, topic)
  })

  it('is one of many in a stream, each with its own fate', async () => {
    await using apns = await startSimulator()
    await using sender = new Broadcaster(apns)
    const channels = Array.from({ length: 300 }, () => apns.addChannel())
    const [gone] = channels
    assert.ok(gone)
    apns.reply({ token: gone.id, status: 400, reason: 'ChannelNotRegistered' })
    const messages = channels.map((channel) => new BroadcastMessage(channel, PAYLOAD))
    const refused: unknown[] = []
    let accepted = 0
    for await (const { message, status, token, error } of sender.apns.stream(messages)) {
      if (status === 'accepted') accepted++
      else refused.push([token, error?.reason, message instanceof BroadcastMessage && message.channelId])
    }
    assert.equal(accepted, 299)
    assert.deepEqual(refused, [[gone.id, 'ChannelNotRegistered', gone.id]])
  })
})

describe('a broadcast that meets trouble', () => {
  const LATER: readonly Rule[] = [
    { status: 503, reason: 'ServiceUnavailable' },
    { status: 503, reason: 'Service Unavailable' },
    { status: 503, reason: 'Shutdown' },
    { status: 500, reason: 'InternalServerError' },
    { status: 429, reason: 'TooManyRequests' },
    { status: 429, reason: 'TooManyProviderTokenUpdates' },
    { reset: 'REFUSED_STREAM' },
    { reset: 'INTERNAL_ERROR' },
    { disconnect: true },
    { goAway: { lastStreamId: 'answered' } },
  ]
  for (const rule of LATER) {
    it(`is sent again, with the same request id: ${JSON.stringify(rule)}`, async () => {
      await using apns = await startSimulator()
      apns.reply({ ...rule, times: 3 })
      await using sender = new Broadcaster(apns)
      await sender.accepted(sender.broadcast(apns.addChannel()))
      const ids = requestIds(apns)
      assert.equal(ids.length, 4)
      assert.equal(new Set(ids).size, 1)
      assert.ok(ids[0])
      assert.deepEqual(sender.errors, [])
    })
  }

  it('is answered by a server that goes away after it', async () => {
    await using apns = await startSimulator()
    apns.reply({ times: 1, goAway: true })
    await using sender = new Broadcaster(apns)
    await sender.accepted(sender.broadcast(apns.addChannel()))
    await sender.accepted(sender.broadcast(apns.addChannel()))
    assert.equal(apns.broadcasts.length, 2)
    assert.equal(apns.counts().connections, 2)
  })

  it('is sent again with a new provider token, over another connection', async (context) => {
    // Provider tokens are dated back to the last half hour; one that is ten minutes old is replaced by an exact one.
    const halfHourMs = 1_800_000
    const now = Math.floor(Date.now() / halfHourMs) * halfHourMs + 600_000
    context.mock.timers.enable({ apis: ['Date'], now })
    await using apns = await startSimulator()
    await using sender = new Broadcaster(apns)
    await sender.accepted(sender.broadcast(apns.addChannel()))
    apns.rejectProviderTokens()
    await sender.accepted(sender.broadcast(apns.addChannel()))
    const [, refused, accepted] = apns.broadcasts
    assert.deepEqual([refused?.reason, accepted?.status], ['ExpiredProviderToken', 200])
    assert.equal(refused?.id, accepted?.id)
    assert.notEqual(refused?.headers.get('authorization'), accepted?.headers.get('authorization'))
    assert.deepEqual([refused?.connection, accepted?.connection], [1, 2])
  })

  it('is unknown when the answer was lost and it must not be sent twice', async () => {
    await using apns = await startSimulator({ rules: [{ times: 1, disconnect: true }] })
    await using sender = new Broadcaster(apns)
    const outcome = await sender.outcome(sender.broadcast(apns.addChannel(), { ambiguous: 'drop' }))
    assert.deepEqual([outcome.status, outcome.error?.reason], ['unknown', 'ConnectionLost'])
    assert.equal(outcome.error?.token, apns.channels[0]?.id)
    assert.equal(apns.broadcasts.length, 1)
  })

  it('is given up after so many attempts', async () => {
    await using apns = await startSimulator({ rules: [{ status: 503, reason: 'ServiceUnavailable' }] })
    await using sender = new Broadcaster(apns, { maxAttempts: 3 })
    const { status, error } = await sender.outcome(sender.broadcast(apns.addChannel()))
    assert.deepEqual([status, error?.reason, error?.httpStatus], ['refused', 'ServiceUnavailable', 503])
    assert.equal(apns.broadcasts.length, 3)
  })

  it('is not sent again after its time, which is not that of what Apple keeps', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    await using apns = await startSimulator({ rules: [{ status: 503, reason: 'ServiceUnavailable' }] })
    await using sender = new Broadcaster(apns, { maxAttempts: 1000 })
    const delivery = sender.broadcast(apns.addChannel(), { sendBy: new Date(Date.now() + 2000) })
    await until(() => apns.broadcasts.length > 2 && sender.apns.stats().inFlight === 0)
    context.mock.timers.tick(3000)
    const { status, error } = await sender.outcome(delivery)
    assert.deepEqual([status, error?.reason], ['expired', 'Expired'])
    const before = apns.broadcasts.length
    const late = sender.broadcast(apns.addChannel(), { sendBy: Date.now() / 1000 - 1 })
    assert.equal((await sender.outcome(late)).status, 'expired')
    assert.equal(apns.broadcasts.length, before)
  })
})

const REFUSALS: readonly (readonly [httpStatus: number, reason: string])[] = [
  [400, 'MissingChannelId'],
  [400, 'BadChannelId'],
  [400, 'ChannelNotRegistered'],
  [400, 'BadRequestPayload'],
  [400, 'PayloadEmpty'],
  [400, 'BadMessageId'],
  [400, 'MissingPushType'],
  [400, 'InvalidPushType'],
  [400, 'BadExpirationDate'],
  [400, 'BadPriority'],
  [404, 'BadPath'],
  [405, 'MethodNotAllowed'],
  [413, 'PayloadTooLarge'],
]

const STOPPERS: readonly (readonly [httpStatus: number, reason: string])[] = [
  [400, 'FeatureNotEnabled'],
  [400, 'TopicDisallowed'],
  [403, 'TopicMismatch'],
  [403, 'BadCertificate'],
  [403, 'BadCertificateEnvironment'],
  [403, 'MissingProviderToken'],
  [403, 'InvalidProviderToken'],
]

describe('a broadcast that Apple refuses', () => {
  for (const [status, reason] of REFUSALS) {
    it(`as ${reason} says so, and is not sent again`, async () => {
      await using apns = await startSimulator({ rules: [{ times: 1, status, reason }] })
      await using sender = new Broadcaster(apns)
      const { status: outcome, error, apnsId } = await sender.outcome(sender.broadcast(apns.addChannel()))
      assert.deepEqual([outcome, error?.reason, error?.httpStatus], ['refused', reason, status])
      assert.deepEqual(requestIds(apns), [apnsId])
      assert.match(error?.action ?? '', /^[A-Z].*\.$/)
      // Others go on.
      await sender.accepted(sender.broadcast(apns.addChannel()))
      assert.deepEqual(sender.feedback, [])
    })
  }

  for (const [status, reason] of STOPPERS) {
    it(`as ${reason} stops the line, and stays in it`, async () => {
      await using apns = await startSimulator({ rules: [{ times: 1, status, reason }] })
      await using sender = new Broadcaster(apns)
      const delivery = sender.broadcast(apns.addChannel())
      const error = await sender.stopped()
      assert.deepEqual([error.code, error.reason, error.httpStatus], ['configuration', reason, status])
      sender.apns.resume()
      await sender.accepted(delivery)
    })
  }

  it('for its app stops its own line, and not that for devices', async () => {
    await using apns = await startSimulator({ broadcastTopics: [] })
    await using broadcasts = new Broadcaster(apns)
    const { environment, credentials } = apns
    await using devices = new Sender({ environment, credentials })
    broadcasts.broadcast(apns.addChannel())
    assert.equal((await broadcasts.stopped()).reason, 'FeatureNotEnabled')
    await devices.accepted(devices.send(tokensOf(10)))
    assert.equal(devices.apns.paused, undefined)
  })
})

describe('the host of broadcasts', () => {
  const cases: readonly [ApnsManagerOptions['environment'], BroadcastHost | undefined, string][] = [
    ['production', undefined, 'api-broadcast.push.apple.com:443'],
    ['sandbox', undefined, 'api-broadcast.sandbox.push.apple.com:443'],
    ['production', 'api-broadcast', 'api-broadcast.push.apple.com:443'],
    ['production', 'api', 'api.push.apple.com:443'],
    ['sandbox', 'api', 'api.sandbox.push.apple.com:443'],
    ['sandbox', { host: 'relay.example' }, 'relay.example:443'],
    [{ host: 'relay.example', port: 2197 }, undefined, 'relay.example:2197'],
    [{ host: 'relay.example' }, 'api', 'relay.example:443'],
    [{ host: 'relay.example' }, { host: 'other.example', port: 1 }, 'other.example:1'],
  ]
  for (const [environment, broadcastHost, destination] of cases) {
    it(`is ${destination} for ${JSON.stringify({ environment, broadcastHost })}`, async () => {
      await using proxy = await startConnectProxy({ refusal: 502 })
      const options = { proxy: proxy.url, environment, broadcastHost }
      await using sender = new Broadcaster({ environment: { host: 'unused.example' } }, options)
      const delivery = sender.broadcast({ id: 'AAAA', storagePolicy: 'none' })
      await until(() => proxy.destinations.length > 0)
      assert.equal(proxy.destinations[0], destination)
      delivery.cancel()
    })
  }

  it('is an error when it is none', () => {
    const peer = { environment: { host: 'unused.example' } }
    for (const broadcastHost of [
      'api-broadcast.push.apple.com',
      7,
      null,
      { port: 1 },
    ] as unknown as BroadcastHost[])
      assert.throws(() => new Broadcaster(peer, { broadcastHost }), { name: 'TypeError' })
    assert.throws(() => new Broadcaster(peer, { broadcastHost: 'manage' as BroadcastHost }), {
      message: /^broadcastHost is "manage"; it is 'api-broadcast', 'api', or \{ host, port, ca \}/,
    })
  })
})
