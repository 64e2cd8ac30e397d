import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Provider, providerToken, type Reply, TOKEN, TOPIC, withSimulator } from './support/provider.js'

type Sent = Parameters<Provider['send']>
type Case = readonly [reason: string, status: number, ...sent: Sent]

function assertRefused(reply: Reply, status: number, reason: string): void {
  assert.deepEqual([reply.status, reply.reason], [status, reason])
  assert.equal(reply.headers['content-type'], 'application/json')
}

/** Suffixes that are not the name of their push type. */
const SUFFIX_TYPES: Readonly<Record<string, string>> = {
  'voip-ptt': 'pushtotalk',
  'location-query': 'location',
}
const UUID = '123e4567-e89b-42d3-a456-426614174000'

const REFUSED: readonly Case[] = [
  ['MethodNotAllowed', 405, TOKEN, { ':method': 'PUT' }],
  ['BadPath', 404, TOKEN, { ':path': '/3/devices/ab' }],
  ['BadPath', 404, TOKEN, { ':path': '/2/device/ab' }],
  ['DuplicateHeaders', 400, TOKEN, { 'apns-topic': [TOPIC, TOPIC] }],
  ['DuplicateHeaders', 400, TOKEN, { 'x-anything': ['a', 'b'] }],
  ['MissingProviderToken', 403, TOKEN, { authorization: undefined }],
  ['MissingTopic', 400, TOKEN, { 'apns-topic': undefined }],
  ['BadTopic', 400, TOKEN, { 'apns-topic': '' }],
  ['BadTopic', 400, TOKEN, { 'apns-topic': 'com example' }],
  ['InvalidPushType', 400, TOKEN, { 'apns-push-type': 'Alert' }],
  ['InvalidPushType', 400, TOKEN, { 'apns-push-type': 'silent' }],
  ['InvalidPushType', 400, TOKEN, { 'apns-push-type': 'voip' }],
  ['InvalidPushType', 400, TOKEN, { 'apns-topic': `${TOPIC}.voip` }],
  ['InvalidPushType', 400, TOKEN, { 'apns-topic': `${TOPIC}.voip`, 'apns-push-type': 'pushtotalk' }],
  ['BadPriority', 400, TOKEN, { 'apns-priority': '7' }],
  ['BadPriority', 400, TOKEN, { 'apns-priority': '10.0' }],
  ['BadPriority', 400, TOKEN, { 'apns-push-type': 'background' }],
  ['BadPriority', 400, TOKEN, { 'apns-push-type': 'background', 'apns-priority': '10' }],
  ['BadExpirationDate', 400, TOKEN, { 'apns-expiration': 'soon' }],
  ['BadExpirationDate', 400, TOKEN, { 'apns-expiration': '-1' }],
  ['BadExpirationDate', 400, TOKEN, { 'apns-expiration': '1790000000000' }],
  ['BadMessageId', 400, TOKEN, { 'apns-id': 'mine' }],
  ['BadMessageId', 400, TOKEN, { 'apns-id': UUID.toUpperCase() }],
  ['BadCollapseId', 400, TOKEN, { 'apns-collapse-id': 'x'.repeat(65) }],
  ['PayloadEmpty', 400, TOKEN, {}, ''],
  ['PayloadTooLarge', 413, TOKEN, {}, 'x'.repeat(4097)],
  ['PayloadTooLarge', 413, TOKEN, {}, 'x'.repeat(1_000_000)],
  ['PayloadTooLarge', 413, TOKEN, voip(), 'x'.repeat(5121)],
  ['MissingDeviceToken', 400, '', {}],
  ['MissingDeviceToken', 400, TOKEN, { ':path': '/3/device' }],
  ['BadDeviceToken', 400, 'abc', {}],
  ['BadDeviceToken', 400, 'zz', {}],
  ['BadDeviceToken', 400, 'ab'.repeat(101), {}],
]

const ACCEPTED: readonly Sent[] = [
  [TOKEN],
  [TOKEN.toUpperCase()],
  ['ab'],
  [TOKEN, { 'apns-push-type': undefined }],
  [TOKEN, { 'apns-push-type': undefined, 'apns-topic': `${TOPIC}.voip` }, 'x'.repeat(5120)],
  [TOKEN, { 'apns-push-type': 'background', 'apns-priority': '5' }],
  [TOKEN, { 'apns-priority': '1', 'apns-expiration': '0', 'apns-collapse-id': 'x'.repeat(64) }],
  [TOKEN, {}, 'x'.repeat(4096)],
  [TOKEN, voip(), 'x'.repeat(5120)],
  [TOKEN, { 'apns-push-type': 'mdm', 'apns-topic': 'com.apple.mgmt.External.1' }],
  ...['complication', 'voip', 'voip-ptt', 'location-query'].map(
    (suffix): Sent => [
      TOKEN,
      { 'apns-topic': `${TOPIC}.${suffix}`, 'apns-push-type': SUFFIX_TYPES[suffix] ?? suffix },
    ],
  ),
  ...['controls', 'liveactivity', 'widgets'].map(
    (type): Sent => [TOKEN, { 'apns-topic': `${TOPIC}.push-type.${type}`, 'apns-push-type': type }],
  ),
  [TOKEN, { 'apns-topic': `${TOPIC}.pushkit.fileprovider`, 'apns-push-type': 'fileprovider' }],
]

test('refuses what is wrong with a request', async () => {
  await withSimulator({}, async ({ connect, apns }) => {
    const provider = await connect()
    for (const [reason, status, ...sent] of REFUSED) {
      assertRefused(await provider.send(...sent), status, reason)
      assert.equal(apns.received.at(-1)?.reason, reason)
    }
    assert.equal(apns.counts().refused, REFUSED.length)
    assert.equal(apns.counts().byReason['PayloadTooLarge'], 3)
  })
})

test('accepts everything that is right', async () => {
  await withSimulator({}, async ({ connect }) => {
    const provider = await connect()
    for (const sent of ACCEPTED) {
      const reply = await provider.send(...sent)
      assert.equal(reply.status, 200, JSON.stringify([sent[1], reply.reason]))
      assert.equal(reply.body, '')
      assert.deepEqual(Object.keys(reply.headers), [':status', 'apns-id'])
    }
  })
})

test('the first check that fails decides', async () => {
  await withSimulator({ topics: [TOPIC] }, async ({ apns, connectBare }) => {
    const provider = await connectBare()
    // Everything is wrong at first; each step puts one thing right, and the next reason comes up.
    const headers: Record<string, string | string[] | undefined> = {
      ':method': 'PUT',
      ':path': '/4/device/xyz',
      'apns-topic': ['', ''],
      'apns-push-type': 'nothing',
      'apns-priority': '0',
      'apns-expiration': 'never',
      'apns-id': 'none',
      'apns-collapse-id': 'x'.repeat(65),
    }
    const steps: readonly [reason: string, field: string, right: string | undefined][] = [
      ['MethodNotAllowed', ':method', 'POST'],
      ['BadPath', ':path', '/3/device/xyz'],
      ['DuplicateHeaders', 'apns-topic', undefined],
      ['MissingProviderToken', 'authorization', 'bearer nonsense'],
      ['InvalidProviderToken', 'authorization', `bearer ${providerToken(apns.credentials)}`],
      ['MissingTopic', 'apns-topic', 'com example'],
      ['BadTopic', 'apns-topic', 'com.example.other'],
      ['TopicDisallowed', 'apns-topic', TOPIC],
      ['InvalidPushType', 'apns-push-type', 'alert'],
      ['BadPriority', 'apns-priority', '10'],
      ['BadExpirationDate', 'apns-expiration', '0'],
      ['BadMessageId', 'apns-id', UUID],
      ['BadCollapseId', 'apns-collapse-id', 'x'],
      ['PayloadTooLarge', 'body', '{}'],
      ['BadDeviceToken', ':path', `/3/device/${TOKEN}`],
    ]
    let body = 'x'.repeat(4097)
    for (const [reason, field, right] of steps) {
      const reply = await provider.send(TOKEN, headers, body)
      assert.equal(reply.reason, reason)
      if (field === 'body') body = right ?? ''
      else headers[field] = right
    }
    assert.equal((await provider.send(TOKEN, headers, body)).status, 200)
  })
})

test('a topic that looks like one with a suffix is a bundle id when it is listed', async () => {
  await withSimulator({ topics: ['com.example.voip'] }, async ({ connect }) => {
    const provider = await connect()
    const send = (topic: string, type: string) =>
      provider.send(TOKEN, { 'apns-topic': topic, 'apns-push-type': type })
    assert.equal((await send('com.example.voip', 'alert')).status, 200)
    assert.equal((await send('com.example.voip.voip', 'voip')).status, 200)
    assert.equal((await send('com.example', 'alert')).reason, 'TopicDisallowed')
  })
})

test('echoes the sender’s apns-id, and makes one in capitals', async () => {
  await withSimulator({}, async ({ connect, apns }) => {
    const provider = await connect()
    assert.equal((await provider.send(TOKEN, { 'apns-id': UUID })).headers['apns-id'], UUID)
    assert.equal((await provider.send('zz', { 'apns-id': UUID })).headers['apns-id'], UUID)
    const own = (await provider.send()).headers['apns-id']
    assert.match(String(own), /^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$/)
    assert.equal(apns.received.at(-1)?.answeredId, own)
  })
})

test('only the sandbox gives an apns-unique-id', async () => {
  await withSimulator({ environment: 'sandbox' }, async ({ connect }) => {
    const { headers } = await (await connect()).send()
    assert.match(String(headers['apns-unique-id']), /^[0-9A-F-]{36}$/)
  })
})

function voip(): Record<string, string> {
  return { 'apns-topic': `${TOPIC}.voip`, 'apns-push-type': 'voip' }
}
