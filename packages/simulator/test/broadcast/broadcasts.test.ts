import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http2'
import { test } from 'node:test'
import { type SimulatorOptions, startSimulator } from '@apns-worker/simulator'
import { type Lab, type Provider, type Reply, TOPIC, withSimulator } from '../support/provider.js'

const UUID = '123e4567-e89b-42d3-a456-426614174000'
const PAYLOAD = '{"aps":{"event":"update"}}'
const START = {
  event: 'start',
  timestamp: 200,
  'content-state': {},
  'attributes-type': 'Ride',
  attributes: {},
  alert: { title: 'a', body: 'b' },
}

/** Sends a broadcast that is right, but for these headers. */
function broadcast(
  provider: Provider,
  channel: string | undefined,
  headers: OutgoingHttpHeaders = {},
  body?: string,
): Promise<Reply> {
  const right = {
    ':path': `/4/broadcasts/apps/${TOPIC}`,
    'apns-topic': undefined,
    'apns-channel-id': channel,
    'apns-push-type': 'liveactivity',
    'apns-expiration': '0',
    'apns-priority': '10',
    'apns-request-id': UUID,
  }
  return provider.send('', { ...right, ...headers }, body ?? PAYLOAD)
}

test('a broadcast is accepted, answered with its request id, and kept', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const { id } = apns.addChannel()
    const provider = await connect()
    const reply = await broadcast(provider, id)
    assert.deepEqual([reply.status, reply.body, reply.headers['apns-request-id']], [200, '', UUID])
    assert.equal(reply.headers['apns-id'], undefined)
    assert.equal((await provider.send()).status, 200)
    assert.equal(apns.received.length, 2)
    const [kept, ...others] = apns.broadcasts
    assert.deepEqual(others, [])
    const { channelId, bundleId, token, topic, pushType, priority, expiration, payload, status } = kept ?? {}
    assert.deepEqual(
      [channelId, bundleId, token, topic, pushType, priority, expiration, payload, status],
      [id, TOPIC, id, TOPIC, 'liveactivity', 10, 0, JSON.parse(PAYLOAD), 200],
    )
    assert.deepEqual([kept?.id, kept?.answeredId, kept?.authentication], [UUID, UUID, 'token'])
    assert.equal(JSON.parse(JSON.stringify(kept)).channelId, id)
  })
})

const ACCEPTED: readonly OutgoingHttpHeaders[] = [
  { 'apns-push-type': 'Liveactivity' },
  { 'apns-push-type': 'LiveActivity' },
  { 'apns-priority': '5' },
  { 'apns-priority': '1' },
  { 'apns-priority': undefined, 'apns-expiration': undefined, 'apns-request-id': undefined },
]

for (const headers of ACCEPTED) {
  test(`a broadcast is accepted with ${JSON.stringify(headers)}`, async () => {
    await withSimulator({}, async ({ apns, connect }) => {
      const { id } = apns.addChannel()
      assert.equal((await broadcast(await connect(), id, headers)).status, 200)
    })
  })
}

test('an id is made for a broadcast that has none, and the one of apns-id is taken', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const provider = await connect()
    const { id } = apns.addChannel()
    const none = await broadcast(provider, id, { 'apns-request-id': undefined })
    assert.match(String(none.headers['apns-request-id']), /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/)
    const other = await broadcast(provider, id, { 'apns-request-id': undefined, 'apns-id': UUID })
    assert.equal(other.headers['apns-request-id'], UUID)
  })
})

type Case = readonly [reason: string, status: number, headers: OutgoingHttpHeaders, body?: string]

const REFUSED: readonly Case[] = [
  ['MethodNotAllowed', 405, { ':method': 'GET' }, ''],
  ['BadPath', 404, { ':path': '/4/broadcasts/apps/' }],
  ['BadPath', 404, { ':path': `/4/broadcasts/apps/${TOPIC}/channels` }],
  ['BadPath', 404, { ':path': `/4/broadcasts/${TOPIC}` }],
  ['DuplicateHeaders', 400, { 'apns-push-type': ['liveactivity', 'liveactivity'] }],
  ['MissingProviderToken', 403, { authorization: undefined }],
  ['TopicDisallowed', 400, { ':path': `/4/broadcasts/apps/${TOPIC}.push-type.liveactivity` }],
  ['MissingPushType', 400, { 'apns-push-type': undefined }],
  ['InvalidPushType', 400, { 'apns-push-type': 'alert' }],
  ['BadPriority', 400, { 'apns-priority': '7' }],
  ['BadExpirationDate', 400, { 'apns-expiration': 'soon' }],
  ['BadExpirationDate', 400, { 'apns-expiration': '1790000000' }],
  ['BadMessageId', 400, { 'apns-request-id': 'mine' }],
  ['BadMessageId', 400, { 'apns-id': 'mine' }],
  ['MissingChannelId', 400, { 'apns-channel-id': undefined }],
  ['BadChannelId', 400, { 'apns-channel-id': 'not base64' }],
  ['BadChannelId', 400, { 'apns-channel-id': 'AAAA'.repeat(300) }],
  ['ChannelNotRegistered', 400, { 'apns-channel-id': 'AAAA' }],
  ['PayloadEmpty', 400, {}, ''],
  ['PayloadTooLarge', 413, {}, JSON.stringify('x'.repeat(5119))],
  ['BadRequestPayload', 400, {}, '{"aps":'],
]

for (const [reason, status, headers, body] of REFUSED) {
  test(`a broadcast is refused as ${reason} with ${JSON.stringify(headers).slice(0, 80)}`, async () => {
    await withSimulator({}, async ({ apns, connect }) => {
      const { id } = apns.addChannel()
      const reply = await broadcast(await connect(), id, headers, body)
      assert.deepEqual([reply.status, reply.reason], [status, reason])
      assert.equal(apns.received[0]?.reason, reason)
    })
  })
}

test('a broadcast of 5,120 bytes is accepted', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const body = JSON.stringify('x'.repeat(5118))
    assert.equal((await broadcast(await connect(), apns.addChannel().id, {}, body)).status, 200)
  })
})

test('a channel that keeps the latest takes an expiration', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const { id } = apns.addChannel({ storagePolicy: 'latest' })
    assert.equal((await broadcast(await connect(), id, { 'apns-expiration': '1790000000' })).status, 200)
  })
})

test('a channel belongs to one app', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const { id } = apns.addChannel({ bundleId: 'com.example.other' })
    assert.equal((await broadcast(await connect(), id)).reason, 'ChannelNotRegistered')
  })
})

test('an app may lack the capability, not exist, or not be the sender’s', async () => {
  const options = { topics: [TOPIC, 'com.example.quiet'], broadcastTopics: [TOPIC] }
  await withSimulator(options, async (lab) => {
    const { apns, connect } = lab
    const { id } = apns.addChannel()
    const to = async (bundleId: string, provider: Provider): Promise<unknown> => {
      const { status, reason } = await broadcast(provider, id, { ':path': `/4/broadcasts/apps/${bundleId}` })
      return [status, reason]
    }
    const provider = await connect()
    assert.deepEqual(await to(TOPIC, provider), [200, undefined])
    assert.deepEqual(await to('com.example.quiet', provider), [400, 'FeatureNotEnabled'])
    assert.deepEqual(await to('com.example.nothing', provider), [403, 'TopicMismatch'])
    const limited = await connect(apns.addKey({ topics: ['com.example.quiet'] }))
    assert.deepEqual(await to(TOPIC, limited), [403, 'TopicMismatch'])
    const right = await connectWithCertificate(lab, [TOPIC])
    assert.deepEqual(await to(TOPIC, right), [200, undefined])
    assert.equal(apns.broadcasts.at(-1)?.authentication, 'certificate')
    const wrong = await connectWithCertificate(lab, ['com.example.quiet'])
    assert.deepEqual(await to(TOPIC, wrong), [403, 'TopicMismatch'])
  })
})

function connectWithCertificate({ apns, connectBare }: Lab, topics: readonly string[]): Promise<Provider> {
  const { cert, key } = apns.clientCertificate({ topics })
  return connectBare({ cert, key })
}

test('an app that loses the capability loses its channels for good', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const { id } = apns.addChannel()
    const { id: kept } = apns.addChannel({ bundleId: 'com.example.other' })
    apns.disableBroadcast(TOPIC)
    assert.deepEqual(
      apns.channels.map((channel) => channel.id),
      [kept],
    )
    assert.equal((await broadcast(await connect(), id)).reason, 'FeatureNotEnabled')
  })
})

test('broadcasts come to both kinds of host on one port, and tell which was meant', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const { id } = apns.addChannel()
    const provider = await connect()
    const hosts = ['api.push.apple.com', 'api-broadcast.push.apple.com']
    for (const host of hosts) {
      assert.equal((await broadcast(provider, id, { ':authority': host })).status, 200)
    }
    assert.equal((await broadcast(provider, id, { ':authority': undefined, host: hosts[1] })).status, 200)
    assert.deepEqual(
      apns.broadcasts.map(({ authority }) => authority),
      [...hosts, hosts[1]],
    )
  })
})

test('the sandbox gives broadcasts an apns-unique-id only if told to', async () => {
  for (const broadcastUniqueId of [false, true]) {
    const options: SimulatorOptions = { environment: 'sandbox', doubts: { broadcastUniqueId } }
    await withSimulator(options, async ({ apns, connect }) => {
      const { headers } = await broadcast(await connect(), apns.addChannel().id)
      assert.equal('apns-unique-id' in headers, broadcastUniqueId)
    })
  }
})

test('a broadcast may be made to need its priority and its expiration', async () => {
  const doubts = { broadcastPriority: 'required', broadcastExpiration: 'required' } as const
  await withSimulator({ doubts }, async ({ apns, connect }) => {
    const { id } = apns.addChannel()
    const provider = await connect()
    assert.equal((await broadcast(provider, id)).status, 200)
    assert.equal((await broadcast(provider, id, { 'apns-priority': undefined })).reason, 'BadPriority')
    const dateless = { 'apns-expiration': undefined }
    assert.equal((await broadcast(provider, id, dateless)).reason, 'BadExpirationDate')
  })
})

test('a broadcast that devices would ignore is accepted, and said to be dropped', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const provider = await connect()
    const [one, other] = [apns.addChannel().id, apns.addChannel().id]
    const cases: readonly [channel: string, aps: object, dropped: string | undefined][] = [
      [one, { event: 'update', timestamp: 100, 'content-state': {} }, undefined],
      [one, { event: 'update', timestamp: 100, 'content-state': {} }, 'not newer'],
      [other, { event: 'update', timestamp: 99, 'content-state': {} }, undefined],
      [one, { event: 'end', timestamp: 101 }, undefined],
      // A channel outlives its activities.
      [one, { event: 'update', timestamp: 102, 'content-state': {} }, undefined],
      [one, START, 'starts no activity'],
      [one, { event: 'update', timestamp: 103 }, '"content-state" is missing'],
    ]
    for (const [channel, aps, dropped] of cases) {
      assert.equal((await broadcast(provider, channel, {}, JSON.stringify({ aps }))).status, 200)
      const note = apns.broadcasts.at(-1)?.wouldBeDropped
      if (dropped === undefined) assert.equal(note, undefined)
      else assert.ok(note?.includes(dropped), note)
    }
  })
})

test('rules apply to broadcasts as to notifications, with the channel for a token', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const [one, other] = [apns.addChannel().id, apns.addChannel().id]
    apns.reply({ token: one, times: 1, status: 503, reason: 'ServiceUnavailable' })
    const provider = await connect()
    const replies = [
      await broadcast(provider, one),
      await broadcast(provider, one),
      await broadcast(provider, other),
    ]
    assert.deepEqual(
      replies.map(({ status }) => status),
      [503, 200, 200],
    )
    assert.equal(replies[0]?.headers['apns-request-id'], UUID)
    assert.deepEqual(apns.counts().byReason, { ServiceUnavailable: 1 })
  })
})

test('an app has no more channels than it may', async () => {
  await using apns = await startSimulator({ channelLimit: 2 })
  apns.addChannel()
  apns.addChannel({ bundleId: 'com.example.other' })
  apns.addChannel()
  assert.throws(() => apns.addChannel(), /com\.example\.app has as many as it may/)
  assert.equal(apns.channels.length, 3)
})
