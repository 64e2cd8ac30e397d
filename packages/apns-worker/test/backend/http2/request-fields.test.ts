import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ReceivedNotification, startSimulator } from '@apns-worker/simulator'
import { Message, type MessageOptions, PUSH_TYPES, type PushType } from 'apns-worker'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, TOPIC, tokensOf } from '../../support/sender.js'
import { startNodeServer } from '../../support/test-servers.js'

failOnLeaks()

const [TOKEN = ''] = tokensOf(1, 'abcdef')

/** What the simulator receives of one message to one device. */
async function receivedOf(
  options: MessageOptions,
  payload: object = { aps: { alert: 'hello' } },
): Promise<ReceivedNotification> {
  await using apns = await startSimulator()
  await using sender = new Sender(apns)
  await sender.accepted(sender.sendMessage(new Message([TOKEN], payload, options)))
  const [notification] = apns.received
  assert.ok(notification !== undefined)
  return notification
}

describe('a request', () => {
  it('has the fields that Apple asks for, and none that was not asked for', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    const [outcome] = await sender.outcomes(sender.send([TOKEN]))
    const [notification] = apns.received
    assert.deepEqual([...(notification?.headers.keys() ?? [])].sort(), [
      'apns-id',
      'apns-push-type',
      'apns-topic',
      'authorization',
    ])
    assert.equal(notification?.token, TOKEN)
    assert.equal(notification?.topic, TOPIC)
    assert.equal(notification?.pushType, 'alert')
    assert.equal(notification?.id, outcome?.apnsId)
    assert.match(notification?.id ?? '', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    assert.match(notification?.headers.get('authorization') ?? '', /^bearer [\w-]+\.[\w-]+\.[\w-]{86}$/)
    assert.deepEqual(notification?.payload, { aps: { alert: 'hello' } })
  })

  it('has the pseudo-header fields of HTTP/2', async () => {
    const seen: unknown[] = []
    await using server = await startNodeServer(({ stream, headers }) => {
      seen.push([headers[':method'], headers[':scheme'], headers[':authority'], headers[':path']])
      stream.respond({ ':status': 200 }, { endStream: true })
    })
    await using sender = new Sender(server)
    await sender.accepted(sender.send([TOKEN]))
    const { host, port } = server.environment
    assert.deepEqual(seen, [['POST', 'https', `${host}:${port}`, `/3/device/${TOKEN}`]])
  })

  const inAnHour = new Date(Date.now() + 3_600_500)
  const cases: readonly [string, MessageOptions, string, string | undefined][] = [
    ['no expiration', {}, 'apns-expiration', undefined],
    ['expiration 0', { expiration: 0 }, 'apns-expiration', '0'],
    ['a Date', { expiration: inAnHour }, 'apns-expiration', String(Math.floor(inAnHour.getTime() / 1000))],
    ['Unix seconds', { expiration: 4_000_000_000 }, 'apns-expiration', '4000000000'],
    ['no priority', {}, 'apns-priority', undefined],
    ['priority 10', { priority: 10 }, 'apns-priority', '10'],
    ['priority 1', { priority: 1 }, 'apns-priority', '1'],
    ['a background push', { pushType: 'background' }, 'apns-priority', '5'],
    ['no collapse id', {}, 'apns-collapse-id', undefined],
    ['a collapse id', { collapseId: 'score 3:1' }, 'apns-collapse-id', 'score 3:1'],
  ]
  for (const [what, options, name, value] of cases) {
    it(`with ${what} has the right ${name}`, async () => {
      const { headers } = await receivedOf(options)
      assert.equal(headers.get(name), value)
    })
  }

  it('has an apns-id of the caller’s, which is in the outcome as well, and after it one of its own again', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    const apnsId = '9d3220fe-444b-633e-d1f1-5d0dcb4f537a'
    const [chosen] = await sender.outcomes(sender.send([TOKEN], { apnsId }))
    const [own] = await sender.outcomes(sender.send([TOKEN]))
    assert.equal(chosen?.apnsId, apnsId)
    assert.deepEqual(
      apns.received.map(({ id }) => id),
      [apnsId, own?.apnsId],
    )
    assert.notEqual(own?.apnsId, apnsId)
  })

  it('has a collapse id in UTF-8, and its 64 bytes in full', async () => {
    const collapseId = `${'ü€'.repeat(12)}🎉`
    assert.equal(Buffer.byteLength(collapseId), 64)
    const { collapseId: latin1 } = await receivedOf({ collapseId })
    // Node decodes field values as Latin-1.
    assert.equal(Buffer.from(latin1 ?? '', 'latin1').toString(), collapseId)
  })

  it('has the payload as it was given, byte for byte', async () => {
    const payload = {
      aps: { alert: { title: 'Grüße 🎉', body: 'a\u2028b"\\' } },
      nested: [1, null, { x: 0.1 }],
    }
    const { body } = await receivedOf({}, payload)
    assert.equal(body.toString(), JSON.stringify(payload))
  })

  const needs: Partial<Record<string, object>> = {
    liveactivity: { aps: { event: 'update', timestamp: 1_700_000_000, 'content-state': {} } },
    mdm: { mdm: 'magic' },
  }
  for (const [pushType, { topicSuffix }] of Object.entries(PUSH_TYPES)) {
    it(`of push type ${pushType} goes to the manager’s topic${topicSuffix === '' ? '' : ` with ${topicSuffix}`}`, async () => {
      const { pushType: type, topic } = await receivedOf({ pushType: pushType as PushType }, needs[pushType])
      assert.equal(type, pushType)
      assert.equal(topic, `${TOPIC}${topicSuffix}`)
    })
  }

  it('goes to the message’s own topic where it names one', async () => {
    const { topic, pushType } = await receivedOf({ topic: 'com.example.other.voip' })
    assert.equal(topic, 'com.example.other.voip')
    assert.equal(pushType, 'voip')
  })

  it('of a silent payload is a background push of priority 5', async () => {
    const { pushType, priority } = await receivedOf({}, { aps: { 'content-available': 1 } })
    assert.equal(pushType, 'background')
    assert.equal(priority, 5)
  })
})

describe('requests of several messages on one connection', () => {
  it('each have their own fields, however these are compressed', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    const expected = new Map<string, string>()
    for (let index = 0; index < 300; index++) {
      const [token = ''] = tokensOf(1, index.toString(16).padStart(8, '0'))
      // More of them than heads are remembered.
      const topic = `com.example.app${index % 290}`
      const collapseId = `collapse ${index % 3}`
      const priority = [10, 5, 1][index % 3] ?? 10
      const options = { topic, collapseId, priority, expiration: 4_000_000_000 + (index % 11) }
      sender.sendMessage(new Message([token], { aps: { badge: index } }, options))
      expected.set(token, JSON.stringify([topic, collapseId, priority, options.expiration, index]))
    }
    await sender.apns.flushMessages()
    const received = new Map(
      apns.received.map(({ token, topic, collapseId, priority, expiration, payload }) => {
        const { badge } = (payload as { aps: { badge: number } }).aps
        return [token, JSON.stringify([topic, collapseId, priority, expiration, badge])]
      }),
    )
    assert.deepEqual(received, expected)
  })

  it('have ids that name their message: the same but for the last eight digits', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    await sender.accepted(sender.send(50))
    const ids = apns.received.map(({ id }) => id ?? '')
    assert.equal(new Set(ids).size, 50)
    assert.equal(new Set(ids.map((id) => id.slice(0, 28))).size, 1)
  })

  it('all carry one provider token, over all connections', async () => {
    await using apns = await startSimulator({ streamLimit: 5, latency: 0.01 })
    await using sender = new Sender(apns, { maxConnections: 3 })
    await sender.accepted(sender.send(200))
    assert.ok(apns.counts().connections > 1)
    assert.equal(new Set(apns.received.map(({ headers }) => headers.get('authorization'))).size, 1)
  })
})
