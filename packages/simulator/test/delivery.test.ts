/** Pushes that APNs takes and no device would show, as the journal notes them; and how many it takes at all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Provider, TOKEN, TOPIC, withSimulator } from './support/provider.js'

const START_MS = Date.UTC(2026, 0, 1)
const SUFFIXES: Readonly<Record<string, string>> = {
  complication: '.complication',
  controls: '.push-type.controls',
  fileprovider: '.pushkit.fileprovider',
  location: '.location-query',
  pushtotalk: '.voip-ptt',
  voip: '.voip',
  widgets: '.push-type.widgets',
}

function push(
  provider: Provider,
  type: string,
  payload: unknown,
  token = TOKEN,
): ReturnType<Provider['send']> {
  const headers = {
    'apns-topic': `${TOPIC}${SUFFIXES[type] ?? ''}`,
    'apns-push-type': type,
    'apns-priority': '5',
  }
  return provider.send(token, headers, typeof payload === 'string' ? payload : JSON.stringify(payload))
}

const CASES: readonly [type: string, payload: unknown, note: string | undefined][] = [
  ['alert', { aps: { alert: 'a' } }, undefined],
  ['alert', { aps: { badge: 0 } }, undefined],
  ['alert', { aps: { sound: 'default', 'content-available': 1 } }, undefined],
  ['alert', { aps: { 'content-available': 1 } }, 'there is no alert, badge or sound in it'],
  ['alert', { alert: 'a' }, '"aps" is missing'],
  ['alert', { aps: 'a' }, '"aps" is missing'],
  ['alert', 'hello', 'the payload is no JSON object'],
  ['alert', '[1]', 'the payload is no JSON object'],
  ['background', { aps: { 'content-available': 1 } }, undefined],
  ['background', { aps: {} }, '"content-available" is not 1'],
  ['background', { aps: { 'content-available': true } }, '"content-available" is not 1'],
  ['background', { aps: { 'content-available': 1, badge: 1 } }, '"badge" does not go with a background push'],
  ['complication', { aps: {}, steps: 7 }, undefined],
  ['complication', { steps: 7 }, '"aps" is missing'],
  ['controls', { aps: { 'content-changed': true } }, undefined],
  ['controls', { aps: { 'content-changed': 1 } }, '"content-changed" is not true'],
  ['fileprovider', { 'container-identifier': 'root', domain: 'd' }, undefined],
  ['fileprovider', { 'container-identifier': 'root' }, '"domain" is missing'],
  ['fileprovider', { aps: {} }, '"container-identifier" is missing'],
  ['location', { aps: {} }, undefined],
  ['mdm', { mdm: 'magic' }, undefined],
  ['mdm', { aps: {} }, '"mdm" is missing'],
  ['pushtotalk', { aps: {}, speaker: 's' }, undefined],
  ['voip', { aps: {}, call: 'c' }, undefined],
  ['widgets', { aps: { 'content-changed': true } }, undefined],
  ['widgets', { aps: {} }, '"content-changed" is not true'],
]

for (const [type, payload, note] of CASES) {
  test(`${type} with ${JSON.stringify(payload)}: ${note ?? 'nothing is known to keep it'}`, async () => {
    await withSimulator({ journal: true }, async ({ apns, connect }) => {
      assert.equal((await push(await connect(), type, payload)).status, 200)
      assert.equal(apns.received[0]?.wouldBeDropped, note)
      assert.equal(apns.journal?.notifications[0]?.wouldBeDropped, note)
    })
  })
}

test('an inferred push type counts as well, a refusal does not, and without a journal nothing is noted', async () => {
  await withSimulator({ journal: true }, async ({ apns, connect }) => {
    const provider = await connect()
    await provider.send(TOKEN, { 'apns-push-type': undefined, 'apns-topic': `${TOPIC}.push-type.widgets` })
    assert.equal(apns.received.at(-1)?.wouldBeDropped, '"content-changed" is not true')
    await provider.send('zz')
    assert.equal(apns.received.at(-1)?.wouldBeDropped, undefined)
  })
  await withSimulator({}, async ({ apns, connect }) => {
    await push(await connect(), 'alert', 'hello')
    assert.equal(apns.received[0]?.wouldBeDropped, undefined)
  })
})

test('background and location pushes have budgets by device and app; others only if told so', async () => {
  let time = START_MS
  const deliveryBudgets = { location: 4, complication: 1, widgets: 1 }
  // A certificate outlives the days that pass here.
  const doubts = { tokenOnlyTypes: [] }
  const options = { journal: true, now: () => time, deliveryBudgets, doubts }
  await withSimulator(options, async ({ apns, connectBare }) => {
    const topics = ['', ...Object.values(SUFFIXES)].map((suffix) => `${TOPIC}${suffix}`)
    const { cert, key } = apns.clientCertificate({ topics })
    const provider = await connectBare({ cert, key })
    const drops = async (type: string, payload: unknown, token = TOKEN): Promise<boolean> => {
      assert.equal((await push(provider, type, payload, token)).status, 200)
      return apns.received.at(-1)?.wouldBeDropped === `the device has had its budget of ${type} pushes`
    }
    const kinds: readonly [type: string, payload: object, budget: number, seconds: number][] = [
      ['background', { aps: { 'content-available': 1 } }, 3, 3600],
      ['location', { aps: {} }, 4, 86_400],
      ['complication', { aps: {} }, 1, 86_400],
      ['widgets', { aps: { 'content-changed': true } }, 1, 86_400],
    ]
    for (const [type, payload, budget, seconds] of kinds) {
      for (let count = 0; count < budget; count += 1) assert.equal(await drops(type, payload), false, type)
      assert.equal(await drops(type, payload), true, type)
      assert.equal(await drops(type, payload, 'cd'), false, 'another device')
      time += seconds * 1000 - 1
      assert.equal(await drops(type, payload), true, type)
      time += 1
      assert.equal(await drops(type, payload), false, type)
    }
    for (let count = 0; count < 10; count += 1) assert.equal(await drops('voip', { aps: {} }), false)
  })
})

test('budgets are by app, and may be nothing', async () => {
  await withSimulator({ journal: true, deliveryBudgets: { widgets: 0 } }, async ({ apns, connect }) => {
    const provider = await connect()
    const background = async (topic: string): Promise<string | undefined> => {
      const headers = { 'apns-topic': topic, 'apns-push-type': 'background', 'apns-priority': '5' }
      await provider.send(TOKEN, headers, '{"aps":{"content-available":1}}')
      return apns.received.at(-1)?.wouldBeDropped
    }
    for (let count = 0; count < 3; count += 1) assert.equal(await background(TOPIC), undefined)
    assert.match(String(await background(TOPIC)), /budget/)
    assert.equal(await background('com.example.other'), undefined)
    await push(provider, 'widgets', { aps: { 'content-changed': true } })
    assert.match(String(apns.received.at(-1)?.wouldBeDropped), /budget of widgets/)
  })
})

test('a device takes so many in a time, and then the service says so', async () => {
  let time = START_MS
  const deviceLimit = { count: 2, per: 60 }
  await withSimulator({ now: () => time, deviceLimit }, async ({ connect }) => {
    const provider = await connect()
    const statuses = async (...tokens: string[]): Promise<unknown[]> => {
      const replies = []
      for (const token of tokens) replies.push(await provider.send(token))
      return replies.map(({ status, reason }) => reason ?? status)
    }
    assert.deepEqual(await statuses('ab', 'AB', 'ab', 'cd'), [200, 200, 'TooManyRequests', 200])
    time += 59_999
    assert.deepEqual(await statuses('ab', 'cd'), ['TooManyRequests', 200])
    time += 1
    assert.deepEqual(await statuses('ab'), [200])
  })
})

test('a connection with too many refusals is told to go; dead tokens are not counted', async () => {
  const rules = [{ token: 'dd', unregistered: true }] as const
  await withSimulator({ refusalLimit: 3, rules, journal: true }, async ({ apns, connect }) => {
    const provider = await connect()
    for (const token of ['zz', 'dd', 'dd', 'ab', 'zz']) await provider.send(token)
    assert.deepEqual(provider.goAways, [])
    assert.equal((await provider.send('zz')).reason, 'BadDeviceToken', 'it still gets its answer')
    await provider.closed()
    assert.deepEqual(
      provider.goAways.map(({ code, debugData }) => [code, debugData]),
      [[0, '']],
    )
    await apns.waitFor(() => apns.counts().openConnections === 0) // Known here a moment later.
    assert.equal(apns.journal?.connections.at(-1)?.why, 'refusal limit')
    assert.equal((await (await connect()).send()).status, 200, 'another connection has its own count')
  })
})
