import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { startGateway, startSimulator } from '@apns-worker/simulator'
import { ChannelManager, channels } from 'apns-worker'
import { EventRecorder } from '../support/event-recorder.js'
import { GatewaySender } from '../support/gateway-sender.js'
import { failOnLeaks } from '../support/leaks.js'
import { Sender, sorted, TOPIC, tokensOf } from '../support/sender.js'
import { until } from '../support/within.js'

failOnLeaks()

const PAGE = readFileSync(new URL('../../../../docs/observability.md', import.meta.url), 'utf8')

/** The fields in the first column of the table that follows a line. */
function fieldsAfter(line: string): string[] {
  const at = PAGE.indexOf(`\n${line}`)
  assert.ok(at >= 0, `the page has "${line}"`)
  const [table = ''] = /\n\| field \|[\s\S]*?\n(?=\n|$)/.exec(PAGE.slice(at)) ?? []
  return [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, field = '']) => field)
}

test('the page has every channel, and every field of what is published there', async () => {
  using recorder = new EventRecorder()
  await using apns = await startSimulator({
    rules: [
      { tokenPrefix: 'dead', unregistered: true },
      { tokenPrefix: 'b5', timesPerToken: 1, reset: 'CANCEL' },
      { tokenPrefix: 'd1', times: 1, status: 403, reason: 'TopicDisallowed' },
    ],
  })
  await using channelManager = new ChannelManager({
    ...apns.credentials,
    environment: apns.environment,
    topic: TOPIC,
  })
  await channelManager.list()
  await using gateway = await startGateway({ rules: [{ connection: 1, nth: 1, status: 8 }] })
  const sender = new Sender(apns)
  await sender.outcomes(sender.send([...tokensOf(1, 'a'), ...tokensOf(1, 'dead'), ...tokensOf(1, 'b5')]))
  apns.setStreamLimit(7)
  await until(() => recorder.of(channels.streamLimit).length > 0)
  const delivery = sender.send(tokensOf(1, 'd1'))
  await sender.stopped()
  sender.apns.resume()
  await sender.accepted(delivery)
  apns.goAway()
  await until(() => recorder.of(channels.goAway).length > 0)
  await sender.apns.close()
  await using relay = new GatewaySender(gateway)
  await relay.outcomes(relay.send(tokensOf(2)))

  const published = new Map<string, Set<string>>()
  for (const { name, event } of recorder.all) {
    assert.ok(event !== null && typeof event === 'object')
    const fields = published.get(name) ?? new Set()
    for (const field of Object.keys(event)) fields.add(field)
    published.set(name, fields)
  }
  const documented = [...PAGE.matchAll(/^### `(apns-worker:[^`]+)`$/gm)].map(([, name = '']) => name)
  assert.deepEqual(documented, Object.values(channels))
  assert.deepEqual(sorted([...published.keys()]), sorted(documented))
  for (const [name, fields] of published)
    assert.deepEqual(sorted(fieldsAfter(`### \`${name}\``)), sorted([...fields]), name)
})

test('the page has every field of stats()', async () => {
  await using apns = await startSimulator()
  await using sender = new Sender(apns)
  await sender.accepted(sender.send(1))
  const { traffic, ...stats } = sender.apns.stats()
  assert.deepEqual(fieldsAfter('## `stats()`'), [
    ...Object.keys(stats),
    ...Object.keys(traffic).map((field) => `traffic.${field}`),
  ])
  const [connection = {}] = traffic.connections
  assert.deepEqual(fieldsAfter('Each of `traffic.connections`'), Object.keys(connection))
})

test('the page has every field of a ChannelManager’s stats()', async () => {
  await using apns = await startSimulator()
  await using manager = new ChannelManager({
    ...apns.credentials,
    environment: apns.environment,
    topic: TOPIC,
  })
  assert.deepEqual(fieldsAfter('## `ChannelManager.stats()`'), Object.keys(manager.stats()))
})
