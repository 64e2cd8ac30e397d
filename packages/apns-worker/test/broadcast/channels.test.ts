import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ChannelOperation, type Simulator, startSimulator } from '@apns-worker/simulator'
import {
  type Channel,
  ChannelError,
  ChannelManager,
  type ChannelManagerOptions,
  MessageError,
} from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { TOPIC } from '../support/sender.js'
import { PROVIDER_KEY } from '../support/test-identity.js'
import { startConnectProxy, startSocksProxy } from '../support/test-proxies.js'
import { ask, managerFor, OPERATIONS, rejection } from './support/channel-client.js'

failOnLeaks()

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Creates, reads, lists and deletes. */
async function useAll(apns: Simulator, channels: ChannelManager): Promise<void> {
  for (const storagePolicy of ['none', 'latest'] as const) {
    const channel = await channels.create({ storagePolicy })
    assert.deepEqual(apns.channels, [{ ...channel, bundleId: TOPIC }])
    assert.equal(channel.storagePolicy, storagePolicy)
    assert.deepEqual(await channels.read(channel.id), channel)
    assert.deepEqual(await channels.read(channel), channel)
    assert.deepEqual(await channels.list(), [channel.id])
    assert.equal(await channels.delete(channel), undefined)
    assert.deepEqual(await channels.list(), [])
  }
}

describe('channels', () => {
  it('are created, read, listed and deleted with a provider token', async () => {
    await using apns = await startSimulator()
    await using channels = managerFor(apns)
    await useAll(apns, channels)
    const [create] = apns.channelRequests
    assert.deepEqual(Object.keys(Object.fromEntries(create?.headers ?? [])).sort(), [
      'apns-request-id',
      'authorization',
    ])
    assert.deepEqual(create?.payload, { 'message-storage-policy': 0, 'push-type': 'LiveActivity' })
    assert.match(create?.id ?? '', UUID)
    assert.equal(new Set(apns.channelRequests.map(({ id }) => id)).size, apns.channelRequests.length)
    assert.equal(apns.counts().connections, 1)
  })

  it('are, with a client certificate', async () => {
    await using apns = await startSimulator()
    const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
    await using channels = new ChannelManager({ cert, key, environment: apns.environment, topic: TOPIC })
    await useAll(apns, channels)
    const [create] = apns.channelRequests
    assert.deepEqual([create?.authentication, create?.headers.has('authorization')], ['certificate', false])
    await assert.rejects(channels.list({ topic: 'com.example.other' }), {
      code: 'BAD_TOPIC',
      message: "topic com.example.other is not one of the certificate's: com.example.app",
    })
  })

  it('are of the app that is named, or else of the manager’s', async () => {
    await using apns = await startSimulator()
    await using channels = managerFor(apns)
    const topic = 'com.example.other'
    const channel = await channels.create({ storagePolicy: 'none', topic })
    assert.deepEqual(await channels.list(), [])
    assert.deepEqual(await channels.list({ topic }), [channel.id])
    assert.deepEqual(await channels.read(channel, { topic }), channel)
    assert.equal((await rejection(channels.read(channel))).reason, 'ChannelNotRegistered')
    await channels.delete(channel, { topic })
    assert.deepEqual(apns.channels, [])
  })

  it('are ten thousand at most, which can be listed, and made and deleted all at once', async () => {
    await using apns = await startSimulator()
    await using channels = managerFor(apns, { timeout: 600, requestTimeout: 600 })
    const made = await Promise.all(
      Array.from({ length: 1000 }, () => channels.create({ storagePolicy: 'latest' })),
    )
    for (let count = made.length; count < 10_000; count++) apns.addChannel()
    const { reason, code } = await rejection(channels.create({ storagePolicy: 'none' }))
    assert.deepEqual([reason, code], ['CannotCreateChannelConfig', 'refused'])
    const ids = await channels.list()
    assert.deepEqual(
      ids,
      apns.channels.map(({ id }) => id),
    )
    await Promise.all(made.map((channel) => channels.delete(channel)))
    assert.equal(apns.channels.length, 9000)
    assert.equal(apns.counts().streamLimitViolations, 0)
    assert.equal(apns.counts().connections, 1)
  })

  for (const start of [startConnectProxy, startSocksProxy]) {
    it(`are reached through a proxy (${start.name})`, async () => {
      await using apns = await startSimulator()
      await using proxy = await start()
      await using channels = managerFor(apns, { proxy: proxy.url })
      await useAll(apns, channels)
      assert.deepEqual(proxy.destinations, [`${apns.host}:${apns.channelPort}`])
    })
  }

  const hosts: readonly [ChannelManagerOptions['environment'], string][] = [
    ['production', 'api-manage-broadcast.push.apple.com:2196'],
    ['sandbox', 'api-manage-broadcast.sandbox.push.apple.com:2195'],
    [undefined, 'api-manage-broadcast.push.apple.com:2196'],
    [{ host: 'relay.example', port: 1 }, 'relay.example:2196'],
    [{ host: 'relay.example', port: 1, channelPort: 2 }, 'relay.example:2'],
  ]
  for (const [environment, destination] of hosts) {
    it(`are at ${destination} for ${JSON.stringify(environment)}`, async () => {
      await using proxy = await startConnectProxy({ refusal: 502 })
      await using channels = new ChannelManager({
        ...PROVIDER_KEY,
        environment,
        proxy: proxy.url,
        topic: TOPIC,
        timeout: 0.2,
      })
      const error = await rejection(channels.list())
      assert.equal(proxy.destinations[0], destination)
      assert.deepEqual([error.code, error.reason], ['unreachable', 'Unreachable'])
      assert.match(
        error.message,
        new RegExp(`could not be sent to ${destination} in time\\. The last attempt: .*proxy`),
      )
      assert.match(error.action, new RegExp(`port ${destination.split(':')[1]} through`))
    })
  }
})

/** All of Apple's, each with what its error's code is. */
const REASONS: readonly (readonly [httpStatus: number, reason: string, code: string])[] = [
  [400, 'FeatureNotEnabled', 'configuration'],
  [400, 'MissingChannelId', 'refused'],
  [400, 'BadChannelId', 'refused'],
  [400, 'ChannelNotRegistered', 'refused'],
  [400, 'BadRequestParams', 'refused'],
  [400, 'BadRequestPayload', 'refused'],
  [400, 'PayloadEmpty', 'refused'],
  [400, 'BadMessageId', 'refused'],
  [400, 'MissingPushType', 'refused'],
  [400, 'InvalidPushType', 'refused'],
  [400, 'CannotCreateChannelConfig', 'refused'],
  [400, 'BadExpirationDate', 'refused'],
  [400, 'TopicDisallowed', 'configuration'],
  [400, 'BadPriority', 'refused'],
  [403, 'BadCertificate', 'configuration'],
  [403, 'BadCertificateEnvironment', 'configuration'],
  [403, 'MissingProviderToken', 'configuration'],
  [403, 'InvalidProviderToken', 'configuration'],
  [403, 'TopicMismatch', 'configuration'],
  [404, 'BadPath', 'refused'],
  [405, 'MethodNotAllowed', 'refused'],
  [413, 'PayloadTooLarge', 'refused'],
  [418, 'NobodyKnows', 'refused'],
]

describe('a request about channels that is refused', () => {
  for (const [status, reason, code] of REASONS) {
    it(`as ${reason} rejects with all that there is to say`, async () => {
      await using apns = await startSimulator({ channelRules: [{ status, reason }] })
      await using channels = managerFor(apns)
      const { id } = apns.addChannel()
      const error = await rejection(channels.read(id))
      assert.deepEqual(
        [error.code, error.reason, error.httpStatus, error.operation, error.topic, error.channelId],
        [code, reason, status, 'read', TOPIC, id],
      )
      assert.ok(error instanceof ChannelError)
      assert.equal(error.name, 'ChannelError')
      assert.match(error.description, /^[A-Z].*\.$/)
      assert.match(error.action, /^[A-Z].*\.$/)
      assert.equal(error.message, `read: ${reason}: ${error.description} ${error.action}`)
      assert.deepEqual(
        apns.channelRequests.map((request) => request.id),
        [error.requestId],
      )
    })
  }

  it('is refused by us, when a channel was created and has no id', async () => {
    const answer = { status: 201, headers: { 'apns-channel-id': '' } }
    await using apns = await startSimulator({ channelRules: [answer] })
    await using channels = managerFor(apns)
    const error = await rejection(channels.create({ storagePolicy: 'none' }))
    assert.deepEqual([error.code, error.reason], ['unknown', 'BadAnswer'])
  })

  it('says so for each operation', async () => {
    await using apns = await startSimulator({ broadcastTopics: [] })
    await using channels = managerFor(apns)
    for (const operation of OPERATIONS) {
      const error = await rejection(ask(channels, operation))
      assert.deepEqual([error.operation, error.reason], [operation, 'FeatureNotEnabled'])
      assert.equal(error.channelId, operation === 'read' || operation === 'delete' ? 'AAAA' : undefined)
    }
    assert.deepEqual(
      apns.channelRequests.map(({ operation }) => operation),
      OPERATIONS,
    )
  })

  const answers: readonly [ChannelOperation, string, string][] = [
    ['create', 'unknown', ''],
    ['read', 'refused', ''],
    ['read', 'refused', '{"message-storage-policy":"none"}'],
    ['read', 'refused', '{"message-storage-policy":2}'],
    ['read', 'refused', 'null'],
    ['list', 'refused', '{"channels":[1]}'],
    ['list', 'refused', '{"channels":{}}'],
    ['list', 'refused', '["AAAA"]'],
    ['list', 'refused', '{"channels":["AAAA"'],
  ]
  for (const [operation, code, body] of answers) {
    it(`is refused by us, when ${operation} is answered by ${body || 'nothing'}`, async () => {
      await using apns = await startSimulator({ channelRules: [{ status: 200, body }] })
      await using channels = managerFor(apns)
      const error = await rejection(ask(channels, operation, apns.addChannel().id))
      assert.deepEqual([error.code, error.reason, error.operation], [code, 'BadAnswer', operation])
      assert.equal(error.requestId, apns.channelRequests[0]?.id)
    })
  }
})

describe('a request about channels that makes no sense', () => {
  const wrong: readonly [string, (channels: ChannelManager) => Promise<unknown>, RegExp][] = [
    [
      'BAD_CHANNEL',
      (channels) => channels.create({ storagePolicy: 'all' as 'none' }),
      /storagePolicy is "all"/,
    ],
    [
      'BAD_CHANNEL',
      (channels) => channels.create(undefined as unknown as Channel),
      /storagePolicy is undefined/,
    ],
    ['BAD_CHANNEL', (channels) => channels.read(''), /the id of the channel is missing/],
    ['BAD_CHANNEL', (channels) => channels.delete('?'), /channel "\?" is no channel id/],
    ['BAD_CHANNEL', (channels) => channels.delete(undefined as unknown as string), /is missing/],
    ['BAD_TOPIC', (channels) => channels.list({ topic: 'com example' }), /is not a bundle id/],
    ['BAD_TOPIC', (channels) => channels.list({ topic: `${TOPIC}.voip` }), /go by the bundle id alone/],
  ]
  for (const [code, call, message] of wrong) {
    it(`is rejected before it is sent: ${message.source}`, async () => {
      await using apns = await startSimulator()
      await using channels = managerFor(apns)
      await assert.rejects(call(channels), (error) => {
        assert.ok(error instanceof MessageError)
        assert.equal(error.code, code)
        assert.match(error.message, message)
        return true
      })
      assert.equal(apns.counts().connections, 0)
    })
  }

  it('is one without a topic', async () => {
    await using channels = new ChannelManager(PROVIDER_KEY)
    await assert.rejects(channels.list(), { code: 'BAD_TOPIC', message: /there is no topic/ })
  })

  it('is a manager with wrong options', () => {
    const bad: readonly [object, object][] = [
      [{}, { code: 'CREDENTIALS_MISSING' }],
      [
        { ...PROVIDER_KEY, environment: 'staging' },
        { name: 'TypeError', message: /^environment is/ },
      ],
      [
        { ...PROVIDER_KEY, environment: { host: 'a', channelPort: 0 } },
        { name: 'TypeError', message: /^environment is/ },
      ],
      [{ ...PROVIDER_KEY, topic: `${TOPIC}.voip` }, { code: 'BAD_TOPIC' }],
      [{ ...PROVIDER_KEY, timeout: 'long' }, { message: /^timeout is "long"/ }],
      [{ ...PROVIDER_KEY, requestTimeout: 0 }, { message: /^requestTimeout is 0/ }],
      [
        { ...PROVIDER_KEY, proxy: 'gopher://a' },
        { name: 'TypeError', message: /proxy/ },
      ],
    ]
    for (const [options, expected] of bad) assert.throws(() => new ChannelManager(options), expected)
  })
})
