import assert from 'node:assert/strict'
import http2, { type OutgoingHttpHeaders } from 'node:http2'
import { test } from 'node:test'
import {
  type ChannelOperation,
  type ReceivedChannelRequest,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '@apns-worker/simulator'
import { Provider, providerToken, type Reply, TOPIC } from '../support/provider.js'

const UUID = '123e4567-e89b-42d3-a456-426614174000'
const NEW_CHANNEL = '{"message-storage-policy":1,"push-type":"LiveActivity"}'

const LINES: Readonly<Record<ChannelOperation, readonly [method: string, resource: string]>> = {
  create: ['POST', 'channels'],
  read: ['GET', 'channels'],
  delete: ['DELETE', 'channels'],
  list: ['GET', 'all-channels'],
}

/** Asks the desk for channels. */
class Client implements Disposable {
  readonly #provider: Provider

  constructor(apns: Simulator, port = apns.channelPort, credentials = apns.credentials) {
    const session = http2.connect(`https://${apns.host}:${port}`, { ca: apns.ca })
    this.#provider = new Provider(session, {
      authorization: `bearer ${providerToken(credentials)}`,
      'apns-request-id': UUID,
    })
  }

  ask(operation: ChannelOperation, headers: OutgoingHttpHeaders = {}, body = ''): Promise<Reply> {
    const [method, resource] = LINES[operation]
    const line = { ':method': method, ':path': `/1/apps/${TOPIC}/${resource}` }
    return this.#provider.send('', { ...line, ...headers }, body)
  }

  [Symbol.dispose](): void {
    this.#provider.session.destroy()
  }
}

async function withDesk(
  options: SimulatorOptions,
  use: (client: Client, apns: Simulator) => Promise<void>,
): Promise<void> {
  await using apns = await startSimulator(options)
  using client = new Client(apns)
  await use(client, apns)
}

test('a channel is created, read, listed and deleted', async () => {
  await withDesk({}, async (client, apns) => {
    const created = await client.ask('create', {}, NEW_CHANNEL)
    const id = String(created.headers['apns-channel-id'])
    assert.deepEqual([created.status, created.body, created.headers['apns-request-id']], [201, '', UUID])
    assert.match(id, /^[A-Za-z0-9+/]+=*$/)
    assert.deepEqual(apns.channels, [{ id, bundleId: TOPIC, storagePolicy: 'latest' }])

    const header = { 'apns-channel-id': id }
    const read = await client.ask('read', header)
    assert.deepEqual([read.status, JSON.parse(read.body)], [200, JSON.parse(NEW_CHANNEL)])
    assert.equal(read.headers['content-type'], 'application/json')

    const other = apns.addChannel()
    apns.addChannel({ bundleId: 'com.example.other' })
    const list = await client.ask('list')
    assert.deepEqual([list.status, JSON.parse(list.body)], [200, { channels: [id, other.id] }])

    const deleted = await client.ask('delete', header)
    assert.deepEqual([deleted.status, deleted.body], [204, ''])
    assert.equal((await client.ask('read', header)).reason, 'ChannelNotRegistered')
    assert.equal((await client.ask('delete', header)).reason, 'ChannelNotRegistered')
    assert.deepEqual(
      apns.channelRequests.map(({ operation, bundleId, channelId, status }) => [
        operation,
        bundleId,
        channelId,
        status,
      ]),
      [
        ['create', TOPIC, id, 201],
        ['read', TOPIC, id, 200],
        ['list', TOPIC, undefined, 200],
        ['delete', TOPIC, id, 204],
        ['read', TOPIC, id, 400],
        ['delete', TOPIC, id, 400],
      ],
    )
    assert.deepEqual(apns.received, [])
    assert.equal(apns.counts().received, 0)
  })
})

type Case = readonly [
  reason: string,
  status: number,
  operation: ChannelOperation,
  headers?: OutgoingHttpHeaders,
  body?: string,
]

const REFUSED: readonly Case[] = [
  ['BadPath', 404, 'list', { ':path': '/1/apps' }],
  ['BadPath', 404, 'list', { ':path': `/1/apps/${TOPIC}/channels/AAAA` }],
  ['BadPath', 404, 'create', { ':path': `/3/device/${'ab'.repeat(32)}` }, NEW_CHANNEL],
  ['BadPath', 404, 'create', { ':path': `/4/broadcasts/apps/${TOPIC}` }, NEW_CHANNEL],
  ['MethodNotAllowed', 405, 'list', { ':method': 'DELETE' }],
  ['MethodNotAllowed', 405, 'create', { ':method': 'PUT' }, NEW_CHANNEL],
  ['DuplicateHeaders', 400, 'list', { 'x-anything': ['a', 'b'] }],
  ['MissingProviderToken', 403, 'list', { authorization: undefined }],
  ['InvalidProviderToken', 403, 'list', { authorization: 'bearer nonsense' }],
  ['TopicDisallowed', 400, 'list', { ':path': `/1/apps/${TOPIC}.push-type.liveactivity/all-channels` }],
  ['BadMessageId', 400, 'list', { 'apns-request-id': 'mine' }],
  ['MissingChannelId', 400, 'read'],
  ['MissingChannelId', 400, 'delete'],
  ['BadChannelId', 400, 'read', { 'apns-channel-id': '?' }],
  ['ChannelNotRegistered', 400, 'read', { 'apns-channel-id': 'AAAA' }],
  ['PayloadEmpty', 400, 'create'],
  ['BadRequestPayload', 400, 'create', {}, '{'],
  ['BadRequestPayload', 400, 'create', {}, '[]'],
  [
    'BadRequestParams',
    400,
    'create',
    {},
    '{"message-storage-policy":1,"push-type":"LiveActivity","name":"x"}',
  ],
  ['BadRequestParams', 400, 'create', {}, '{"message-storage-policy":2,"push-type":"LiveActivity"}'],
  ['BadRequestParams', 400, 'create', {}, '{"push-type":"LiveActivity"}'],
  ['MissingPushType', 400, 'create', {}, '{"message-storage-policy":1}'],
  ['InvalidPushType', 400, 'create', {}, '{"message-storage-policy":1,"push-type":"alert"}'],
]

for (const [reason, status, operation, headers, body] of REFUSED) {
  test(`${operation} is refused as ${reason} with ${JSON.stringify(headers ?? {}).slice(0, 60)} ${body ?? ''}`, async () => {
    await withDesk({}, async (client, apns) => {
      const reply = await client.ask(operation, headers, body)
      assert.deepEqual([reply.status, reply.reason], [status, reason])
      assert.equal(apns.channelRequests[0]?.reason, reason)
      assert.deepEqual(apns.channels, [])
    })
  })
}

test('the port for notifications knows nothing of channels', async () => {
  await using apns = await startSimulator()
  using client = new Client(apns, apns.port)
  assert.equal((await client.ask('create', {}, NEW_CHANNEL)).reason, 'BadPath')
})

test('an app has as many channels as it may, and the capability or not', async () => {
  await withDesk({ channelLimit: 1, broadcastTopics: [TOPIC] }, async (client, apns) => {
    const other = { ':path': '/1/apps/com.example.other/channels' }
    assert.equal((await client.ask('create', other, NEW_CHANNEL)).reason, 'FeatureNotEnabled')
    const { headers } = await client.ask('create', {}, NEW_CHANNEL)
    assert.equal((await client.ask('create', {}, NEW_CHANNEL)).reason, 'CannotCreateChannelConfig')
    await client.ask('delete', { 'apns-channel-id': String(headers['apns-channel-id']) })
    assert.equal((await client.ask('create', {}, NEW_CHANNEL)).status, 201)
    using limited = new Client(apns, apns.channelPort, apns.addKey({ topics: ['com.example.other'] }))
    const refused = await limited.ask('list')
    assert.deepEqual([refused.status, refused.reason], [403, 'TopicMismatch'])
  })
})

test('replies to requests about channels can be scripted', async () => {
  const seen: ReceivedChannelRequest[] = []
  const options: SimulatorOptions = {
    channelRules: [{ operation: 'create', times: 1, status: 503, reason: 'Shutdown', retryAfter: 1 }],
    onChannelRequest: (request) => seen.push(request),
  }
  await withDesk(options, async (client, apns) => {
    const refused = await client.ask('create', {}, NEW_CHANNEL)
    assert.deepEqual([refused.reason, refused.headers['retry-after']], ['Shutdown', '1'])
    assert.equal((await client.ask('create', {}, NEW_CHANNEL)).status, 201)
    const { id } = apns.addChannel()
    const header = { 'apns-channel-id': id }
    const takeAway = apns.replyToChannelRequests({ channel: id, status: 500, reason: 'InternalServerError' })
    assert.equal((await client.ask('list')).status, 200)
    assert.equal((await client.ask('read', header)).status, 500)
    takeAway()
    apns.replyToChannelRequests({ when: ({ operation }) => operation === 'read', reset: 'INTERNAL_ERROR' })
    assert.equal((await client.ask('read', header)).code, 2)
    apns.replyToChannelRequests({ operation: 'delete', delay: 0.01 })
    assert.equal((await client.ask('delete', header)).status, 204)
    assert.deepEqual(
      seen.map(({ operation, status }) => [operation, status]),
      [
        ['create', 503],
        ['create', 201],
        ['list', 200],
        ['read', 500],
        ['read', undefined],
        ['delete', 204],
      ],
    )
    assert.throws(() => apns.replyToChannelRequests({ operation: 'list' }), /says nothing that should happen/)
  })
})

test('a channel that is gone may answer BadPath when it is deleted, and only then', async () => {
  await withDesk({ doubts: { goneChannel: 'BadPath' } }, async (client) => {
    const header = { 'apns-channel-id': 'AAAA' }
    const deleted = await client.ask('delete', header)
    assert.deepEqual([deleted.status, deleted.reason], [404, 'BadPath'])
    assert.equal((await client.ask('read', header)).reason, 'ChannelNotRegistered')
  })
})

test('capital letters in a request id may be accepted', async () => {
  const header = { 'apns-request-id': UUID.toUpperCase() }
  await withDesk({}, async (client) => {
    assert.equal((await client.ask('list', header)).reason, 'BadMessageId')
  })
  await withDesk({ doubts: { capitalIds: 'accept' } }, async (client) => {
    assert.equal((await client.ask('list', header)).headers['apns-request-id'], UUID.toUpperCase())
  })
})

test('answers about channels have no apns-unique-id, in the sandbox either', async () => {
  await withDesk({ environment: 'sandbox' }, async (client) => {
    assert.equal('apns-unique-id' in (await client.ask('list')).headers, false)
  })
})

test('a certificate may manage the channels of its app', async () => {
  await using apns = await startSimulator()
  const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
  const session = http2.connect(`https://${apns.host}:${apns.channelPort}`, { ca: apns.ca, cert, key })
  const provider = new Provider(session, {})
  const list = (bundleId: string) =>
    provider.send('', { ':method': 'GET', ':path': `/1/apps/${bundleId}/all-channels` }, '')
  assert.equal((await list(TOPIC)).status, 200)
  assert.equal((await list('com.example.other')).reason, 'TopicMismatch')
  session.destroy()
})

test('a bundle id that was added after the first request is for new connections', async () => {
  await withDesk({ topics: ['com.example.other'] }, async (client, apns) => {
    const other = { ':path': '/1/apps/com.example.other/all-channels' }
    assert.equal((await client.ask('list', other)).status, 200)
    apns.addTopic(TOPIC)
    assert.equal((await client.ask('list')).reason, 'TopicMismatch')
    using late = new Client(apns)
    assert.equal((await late.ask('list')).status, 200)
  })
})

test('ten thousand channels are listed', async () => {
  await withDesk({}, async (client, apns) => {
    for (let count = 0; count < 10_000; count++) apns.addChannel()
    const { channels } = JSON.parse((await client.ask('list')).body)
    assert.equal(channels.length, 10_000)
    assert.equal((await client.ask('create', {}, NEW_CHANNEL)).reason, 'CannotCreateChannelConfig')
  })
})
