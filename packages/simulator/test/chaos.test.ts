/** Random misbehaviour that can be repeated, and that lets everything through in the end. */
import assert from 'node:assert/strict'
import http2 from 'node:http2'
import { test } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { Chaos } from '#src/chaos.js'
import { CONNECTION_MISCHIEF, DEAD_END_MISCHIEF, NOTIFICATION_MISCHIEF } from '#src/chaos-repertoire.js'
import { Random } from '#src/random.js'
import { NotificationRecord } from '#src/received.js'
import { CONNECTION_RULE } from '#src/schema/connection-rule-shape.js'
import { RULE } from '#src/schema/rule-shape.js'
import { Provider, providerToken, TOPIC } from './support/provider.js'

function record(connection: number, index: number, token = `${connection} ${index}`): NotificationRecord {
  const request = {
    method: 'POST',
    path: `/3/device/${token}`,
    authority: undefined,
    headers: new Map(),
    hasDuplicates: false,
  }
  return new NotificationRecord(request, Buffer.alloc(0), {
    connection,
    streamId: 2 * index - 1,
    index,
    at: 0,
  })
}

/** What happens to so many requests on each of so many connections. */
function decisions(chaos: Chaos, connections: number, requests: number): string[] {
  const seen: string[] = []
  for (let connection = 1; connection <= connections; connection++) {
    const conduct = Object.values(chaos.conductOf(connection))
    seen.push(conduct[0]?.name ?? '-')
    for (let index = 1; index <= requests; index++) {
      seen.push(chaos.replyTo(record(connection, index), 0)?.why ?? '-')
    }
  }
  return seen
}

test('the same seed does the same, another one something else', () => {
  const run = (seed: string): string[] => decisions(new Chaos(seed, 1), 20, 200)
  assert.deepEqual(run('7'), run('7'))
  assert.notDeepEqual(run('7'), run('8'))
})

test('what happens to a connection does not hang on what others did before', () => {
  const one = new Chaos('7', 1)
  const other = new Chaos('7', 1)
  for (let index = 1; index < 50; index++) other.replyTo(record(3, index), 0)
  const requests = (chaos: Chaos): (string | undefined)[] =>
    Array.from({ length: 200 }, (_, index) => chaos.replyTo(record(5, index + 1), 0)?.why)
  assert.deepEqual(requests(one), requests(other))
})

test('everything in the repertoire comes up, and is what a rule could say', () => {
  const seen = new Set(decisions(new Chaos('1', 1), 2000, 50))
  for (const { name } of [...NOTIFICATION_MISCHIEF, ...CONNECTION_MISCHIEF, ...DEAD_END_MISCHIEF]) {
    if (name !== 'storm') assert.ok(seen.has(`chaos: ${name}`), name)
  }
  assert.ok(seen.has('chaos: 429 storm') && seen.has('chaos: 503 storm'))
  const random = new Random('1')
  for (let round = 0; round < 200; round++) {
    for (const { name, draw } of NOTIFICATION_MISCHIEF) {
      const action = draw(random)
      if (action !== 'storm') RULE.read(action, name)
    }
    for (const { name, draw } of [...CONNECTION_MISCHIEF, ...DEAD_END_MISCHIEF]) {
      CONNECTION_RULE.read(draw(random), name)
    }
  }
})

test('the intensity says how much happens', () => {
  const share = (intensity: number): number => {
    const seen = decisions(new Chaos('1', intensity), 200, 100)
    return seen.filter((why) => why !== '-').length / seen.length
  }
  const [none, little, much] = [share(0), share(0.1), share(1)]
  assert.equal(none, 0)
  assert.ok(little > 0 && little < 0.1, String(little))
  assert.ok(much > little && much < 0.6, String(much))
})

test('no device token and no row of connections is kept from getting through', () => {
  const chaos = new Chaos('1', 1)
  let strikes = 0
  for (let index = 1; index <= 2000; index++) {
    if (chaos.replyTo(record(1, index, 'the same'), 0) !== undefined) strikes += 1
  }
  assert.equal(strikes, 4)
  const deadEnds = new Set(DEAD_END_MISCHIEF.map(({ name }) => `chaos: ${name}`))
  let inARow = 0
  let most = 0
  for (let connection = 1; connection <= 5000; connection++) {
    const isDeadEnd = Object.values(chaos.conductOf(connection)).some(({ name }) => deadEnds.has(name))
    inARow = isDeadEnd ? inARow + 1 : 0
    most = Math.max(most, inARow)
  }
  assert.equal(most, 3)
})

/** A connection, or undefined when none comes about. */
async function tryToConnect(apns: Simulator): Promise<Provider | undefined> {
  const session = http2.connect(`https://${apns.host}:${apns.port}`, { ca: apns.ca })
  const provider = new Provider(session, {
    authorization: `bearer ${providerToken(apns.credentials)}`,
    'apns-topic': TOPIC,
  })
  const settled = new Promise<boolean>((resolve) => {
    session.once('remoteSettings', () => resolve(true))
    session.once('close', () => resolve(false))
    setTimeout(() => resolve(false), 200).unref()
  })
  if (await settled) return provider
  session.destroy()
  return undefined
}

/** The status, or undefined when there is none in time. */
async function sendPatiently(provider: Provider, token: string): Promise<number | undefined> {
  const patience = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), 400).unref()
  })
  const reply = await Promise.race([provider.send(token), patience])
  return reply?.status
}

test('a client that tries again gets everything through, and the journal knows each try', async () => {
  const apns = await startSimulator({ journal: true, seed: 5, chaos: { intensity: 1 } })
  const left = new Set(Array.from({ length: 300 }, (_, index) => index.toString(16).padStart(4, '0')))
  while (left.size > 0) {
    const provider = await tryToConnect(apns)
    if (provider === undefined) continue
    for (const token of [...left].slice(0, 100)) {
      const status = await sendPatiently(provider, token)
      if (status === 200) left.delete(token)
      if (status === undefined) break
    }
    provider.session.destroy()
  }
  await apns.close()
  const { notifications = [] } = apns.journal ?? {}
  const accepted = notifications.filter(({ fate, status }) => fate === 'answered' && status === 200)
  assert.equal(new Set(accepted.map(({ token }) => token)).size, 300)
  assert.ok(notifications.every(({ fate }) => fate !== 'pending'))
  assert.ok(notifications.some(({ why }) => why.startsWith('chaos: ')))
})

test('rules come before chaos', async () => {
  await using apns = await startSimulator({
    chaos: { intensity: 1 },
    journal: true,
    connections: [{ initialWindow: 99 }],
    rules: [{ status: 200 }],
  })
  for (let sent = 0; sent < 100; ) {
    const provider = await tryToConnect(apns)
    if (provider === undefined) continue
    for (; sent < 100 && !provider.session.destroyed; sent++) {
      if ((await sendPatiently(provider, 'aa')) === undefined) break
    }
    provider.session.destroy()
  }
  const { notifications = [] } = apns.journal ?? {}
  assert.ok(notifications.every(({ why }) => why === 'rules[0]'))
})
