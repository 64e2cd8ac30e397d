import assert from 'node:assert/strict'
import { test } from 'node:test'
import { METRICS } from '@apns-worker/server'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { withFolder } from '../outbox/support/embedded-place.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { content } from '../worker/rig.js'
import { readExposition, total } from './support/exposition-text.js'
import { appOf, type RigOptions, TelemetryRig } from './support/telemetry-rig.js'

type Extra = (simulator: Simulator) => Partial<RigOptions>

function on(work: (rig: TelemetryRig, simulator: Simulator) => Promise<void>, extra: Extra = () => ({})) {
  return (): Promise<void> =>
    withFolder(async (path) => {
      await using simulator = await startSimulator()
      await using rig = await TelemetryRig.start({ path, simulator, ...extra(simulator) })
      await work(rig, simulator)
    })
}

test(
  'what is scraped while a blast is under way, and after it, is what the simulator saw',
  on(async (rig, simulator) => {
    const tokens = tokensOf(6000)
    simulator.reply({ token: tokens.slice(0, 40), unregistered: true })
    simulator.reply({ token: tokens.slice(40, 70), badDeviceToken: true })
    simulator.reply({ token: tokens.slice(70, 75), status: 400, reason: 'MadeUpByTheServer' })
    simulator.reply({
      token: tokens.slice(75, 95),
      timesPerToken: 1,
      status: 503,
      reason: 'ServiceUnavailable',
    })
    simulator.setStreamLimit(200)
    const lane = { app: 'news', service: 'devices' }
    const { messageId } = await rig.outbox.append({ app: 'news', content }, tokens)
    rig.worker.wake()
    await simulator.waitFor(1000)
    const during = readExposition(await rig.scrape())
    assert.ok(total(during, 'apns_worker_queue_tokens', lane) > 0)
    assert.ok(total(during, 'apns_worker_streams_allowed', lane) > 0)
    assert.ok(total(during, 'apns_worker_connections', { ...lane, state: 'open' }) > 0)
    assert.ok(total(during, 'apns_worker_leased_batches') > 0)
    await rig.finished(messageId)
    // The dead ones are left out this time.
    const again = await rig.outbox.append({ app: 'news', content }, tokens.slice(0, 50))
    await rig.finished(again.messageId)
    await rig.worker.stop()

    const families = readExposition(await rig.scrape())
    const connections = rig.apps.managers.get('news')?.stats().traffic.connections ?? []
    const usable = connections.filter(({ state }) => state === 'open' || state === 'probing')
    assert.equal(
      total(families, 'apns_worker_streams_allowed', lane),
      usable.reduce((sum, { streamLimit }) => sum + streamLimit, 0),
    )
    const of = (status: number, reason?: string): number =>
      simulator.received.filter((each) => each.status === status && each.reason === reason).length
    const count = (status: string): number =>
      total(families, 'apns_worker_notifications_total', { ...lane, status })
    const refused = (reason: string): number =>
      total(families, 'apns_worker_refusals_total', { ...lane, reason })
    assert.equal(count('accepted'), of(200))
    assert.equal(
      count('refused'),
      of(410, 'Unregistered') + of(400, 'BadDeviceToken') + of(400, 'MadeUpByTheServer'),
    )
    assert.deepEqual(
      [refused('Unregistered'), refused('BadDeviceToken'), refused('other'), refused('MadeUpByTheServer')],
      [40, 40, 5, 0],
    )
    assert.deepEqual([count('suppressed'), count('expired'), count('unknown')], [40, 0, 0])
    assert.equal(total(families, 'apns_worker_dead_tokens_total', lane), 40)
    assert.equal(total(families, 'apns_worker_retries_total', lane), of(503, 'ServiceUnavailable'))
    assert.equal(
      total(families, 'apns_worker_answer_duration_seconds_count', lane),
      simulator.received.length - of(503, 'ServiceUnavailable'),
    )
    assert.ok(total(families, 'apns_worker_answer_duration_seconds_sum', lane) > 0)
    assert.equal(total(families, 'apns_worker_claimed_batches_total', lane), 7)
    assert.equal(total(families, 'apns_worker_queue_tokens', lane), 0)
    assert.equal(total(families, 'apns_worker_queue_oldest_age_seconds', lane), 0)
    assert.equal(total(families, 'apns_worker_store_up'), 1)
    assert.ok(total(families, 'apns_worker_store_bytes') > 0)
    const scrapes = { http_route: '/metrics', http_request_method: 'GET', http_response_status_code: '200' }
    assert.equal(total(families, 'http_server_request_duration_seconds_count', scrapes), 1)
  }),
)

test(
  'no device token, key, credential or payload is in a scrape, and labels are from known lists',
  on(async (rig, simulator) => {
    const tokens = tokensOf(300, 0xabc000)
    simulator.reply({ token: tokens.slice(0, 9), unregistered: true })
    simulator.reply({ token: tokens[10] ?? '', status: 400, reason: tokens[10] ?? '' })
    const { messageId } = await rig.outbox.append({ app: 'news', content }, tokens)
    await rig.finished(messageId)
    await fetch(`${rig.url}/v1/messages/${messageId}/${tokens[3]}`)
    const text = await rig.scrape()
    for (const token of tokens) assert.ok(!text.includes(token))
    for (const secret of [
      messageId,
      simulator.credentials.keyId,
      simulator.credentials.teamId,
      'hello',
      'eyJ',
    ]) {
      assert.ok(!text.includes(secret), secret)
    }
    assert.equal(/(?=[0-9]*[a-f])[0-9a-f]{16,}/i.exec(text)?.[0], undefined)
    const families = readExposition(text)
    assert.equal(total(families, 'http_server_request_duration_seconds_count', { http_route: 'other' }), 1)
    for (const { name, type, help, samples } of families.values()) {
      if (name === 'target_info') continue
      const definition = Object.entries(METRICS).find(([each]) => each === name)?.[1]
      assert.ok(definition !== undefined, `${name} is in the catalogue`)
      assert.deepEqual([type, help], [definition.kind, definition.help])
      for (const { labels } of samples) {
        const { le: _, ...own } = labels
        assert.deepEqual(Object.keys(own).sort(), [...definition.labels].sort(), name)
      }
    }
  }),
)

test(
  'a line that is stopped is seen with its reason, and no more once it goes on',
  on(async (rig, simulator) => {
    const undo = simulator.reply({ status: 403, reason: 'InvalidProviderToken' })
    const { messageId } = await rig.outbox.append({ app: 'news', content }, tokensOf(5))
    rig.worker.wake()
    const manager = await rig.stopped()
    const stopped = readExposition(await rig.scrape())
    assert.equal(total(stopped, 'apns_worker_paused', { app: 'news', reason: 'InvalidProviderToken' }), 1)
    undo()
    manager.resume()
    await rig.finished(messageId)
    const text = await rig.scrape()
    assert.equal(total(readExposition(text), 'apns_worker_paused'), 0)
    assert.ok(!text.includes('InvalidProviderToken'), 'not even with the value 0')
  }),
)

test(
  'credentials tell their age or their end, by app',
  on(
    async (rig) => {
      const { messageId } = await rig.outbox.append({ app: 'news', content }, tokensOf(1))
      await rig.finished(messageId)
      const families = readExposition(await rig.scrape())
      const age = total(families, 'apns_worker_provider_token_age_seconds', { app: 'news' })
      assert.ok(age > 0 && age < 3600, `${age} s`)
      const left = total(families, 'apns_worker_certificate_expiry_seconds', { app: 'old' })
      assert.ok(left > 86_000 && left < 86_400 * 2, `${left} s`)
      assert.equal(families.get('apns_worker_certificate_expiry_seconds')?.samples.length, 1)
    },
    (simulator) => {
      const { environment } = simulator
      const notAfter = new Date(Date.now() + 86_400_000 * 1.5)
      const { cert, key } = simulator.clientCertificate({ topics: ['com.example.app'], notAfter })
      const old = { name: 'old', options: { cert, key, environment, topic: 'com.example.app' } }
      return { apps: [appOf(simulator), old] }
    },
  ),
)

test(
  'a store that fails is told, and all else is',
  on(async (rig) => {
    rig.telemetry.observe({
      apps: rig.apps,
      outbox: {
        stats: () => Promise.reject(new Error('the disk is gone')),
        message: (id) => rig.outbox.message(id),
      },
    })
    const families = readExposition(await rig.scrape())
    assert.equal(total(families, 'apns_worker_store_up'), 0)
    assert.ok(!families.has('apns_worker_store_bytes'))
    assert.ok(families.has('process_resident_memory_bytes') && families.has('apns_worker_paused'))
  }),
)

test('it needs the scope read', () => {
  const scopes: unknown[] = []
  const addRoutes: RigOptions['addRoutes'] = (app) => {
    app.addHook('onRoute', ({ method, url, config }) => {
      if (method === 'GET' && url === '/metrics') scopes.push(config?.scope)
    })
  }
  return on(
    () => Promise.resolve(assert.deepEqual(scopes, ['read'])),
    () => ({ addRoutes }),
  )()
})

test(
  'where it is open on loopback, it is for requests from there that no proxy has passed on',
  on(
    async (rig) => {
      assert.equal((await fetch(`${rig.url}/metrics`)).status, 200)
      const statusOf = async (remoteAddress: string, headers = {}): Promise<number> =>
        (await rig.api.inject({ url: '/metrics', remoteAddress, headers })).statusCode
      for (const header of ['x-forwarded-for', 'forwarded']) {
        assert.equal(await statusOf('127.0.0.1', { [header]: 'for=192.0.2.1' }), 403, header)
      }
      const addresses = ['192.0.2.1', '::1', '127.8.0.1', '::ffff:127.0.0.1', '1.127.0.1']
      const statuses = await Promise.all(addresses.map((address) => statusOf(address)))
      assert.deepEqual(statuses, [403, 200, 200, 200, 403])
    },
    () => ({ access: 'loopback' }),
  ),
)
