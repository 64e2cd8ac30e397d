import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import {
  AppManagers,
  type AppOptions,
  BroadcastBackend,
  BroadcastMessage,
  type Delivery,
  LiveActivitySession,
} from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { tokensOf } from '../support/sender.js'
import { within } from '../support/within.js'

failOnLeaks()

const A = 'com.example.a'
const B = 'com.example.b'
const CHANNELS = { backend: BroadcastBackend } as const
const UPDATE = { aps: { event: 'update', timestamp: 1_700_000_000, 'content-state': {} } }

/** Each app twice: for devices, and for channels. */
const APPS: Readonly<Record<string, AppOptions>> = {
  [A]: {},
  [B]: {},
  'a channels': { ...CHANNELS, topic: A },
  'b channels': { ...CHANNELS, topic: B },
}

function managersFor(apns: Simulator, idleTimeout?: number): AppManagers {
  const defaults = { ...apns.credentials, environment: apns.environment, retryDelay: 0.01 }
  return new AppManagers({ apps: APPS, defaults, idleTimeout })
}

async function statusesOf(...deliveries: readonly Delivery[]): Promise<string[]> {
  const statuses: string[] = []
  for (const delivery of deliveries) {
    await within(delivery.done(), () => 'it does not settle')
    for await (const { status } of delivery) statuses.push(status)
  }
  return statuses
}

describe('apps that broadcast, among those that do not', () => {
  it('have a queue, connections, numbers and a topic of their own', async () => {
    await using apns = await startSimulator()
    await using managers = managersFor(apns)
    assert.deepEqual(managers.check(), [])
    const [ofA, ofB] = [apns.addChannel({ bundleId: A }), apns.addChannel({ bundleId: B })]
    const statuses = await statusesOf(
      managers.get(A).sendAps(tokensOf(3), { alert: 'hello' }),
      managers.get(B).sendAps(tokensOf(2), { alert: 'hello' }),
      managers.get('a channels').sendMessage(new BroadcastMessage(ofA, UPDATE)),
      managers.get('b channels').sendMessage(new BroadcastMessage(ofB, UPDATE)),
    )
    assert.deepEqual(new Set(statuses), new Set(['accepted']))
    assert.deepEqual(
      apns.broadcasts.map(({ bundleId, status }) => [bundleId, status]),
      [
        [A, 200],
        [B, 200],
      ],
    )
    // Those for devices share theirs.
    assert.equal(apns.counts().connections, 3)
    const numbers = ['a channels', A, B].map((name) => {
      const { accepted, connections, traffic } = managers.get(name).stats()
      return [accepted, connections, traffic.sent]
    })
    assert.deepEqual(numbers, [
      [1, 1, 1],
      [3, 1, 5],
      [2, 1, 5],
    ])
  })

  it('refuse what is for the others', async () => {
    await using apns = await startSimulator()
    await using managers = managersFor(apns)
    const broadcast = new BroadcastMessage(apns.addChannel({ bundleId: A }), UPDATE)
    assert.throws(() => managers.get(A).sendMessage(broadcast), { code: 'WRONG_BACKEND' })
    assert.throws(() => managers.get('a channels').sendAps(tokensOf(1), { alert: 'a' }), {
      code: 'WRONG_BACKEND',
    })
  })

  it('stop by themselves: trouble with broadcasts stops nothing else', async () => {
    await using apns = await startSimulator()
    await using managers = managersFor(apns)
    const [ofA, ofB] = [apns.addChannel({ bundleId: A }), apns.addChannel({ bundleId: B })]
    apns.reply({ when: ({ topic }) => topic === A, status: 400, reason: 'FeatureNotEnabled', times: 1 })
    const stuck = managers.get('a channels').sendMessage(new BroadcastMessage(ofA, UPDATE))
    await assert.rejects(
      within(managers.get('a channels').flushMessages(), () => 'it does not stop'),
      { reason: 'FeatureNotEnabled' },
    )
    assert.deepEqual(
      await statusesOf(
        managers.get('b channels').sendMessage(new BroadcastMessage(ofB, UPDATE)),
        managers.get(A).sendAps(tokensOf(1), { alert: 'hello' }),
      ),
      ['accepted', 'accepted'],
    )
    managers.get('a channels').resume()
    assert.deepEqual(await statusesOf(stuck), ['accepted'])
  })

  it('close connections that have nothing to do, and open them again', async (context: TestContext) => {
    const realNow = performance.now.bind(performance)
    let aheadMs = 0
    context.mock.method(performance, 'now', () => realNow() + aheadMs)
    await using apns = await startSimulator()
    await using managers = managersFor(apns, 100)
    const channel = apns.addChannel({ bundleId: A })
    const manager = managers.get('a channels')
    const broadcast = (): Promise<string[]> =>
      statusesOf(manager.sendMessage(new BroadcastMessage(channel, UPDATE)))
    assert.deepEqual(await broadcast(), ['accepted'])
    assert.equal(manager.stats().connections, 1)
    aheadMs += 101_000
    await apns.waitFor((server) => server.counts().openConnections === 0)
    assert.equal(manager.stats().connections, 0)
    assert.deepEqual(await broadcast(), ['accepted'])
    const { accepted, traffic } = manager.stats()
    assert.deepEqual([accepted, traffic.connectionsOpened, traffic.connectionsFailed], [2, 2, 0])
  })

  it('are closed with all others, and are in the report', async () => {
    await using apns = await startSimulator({ rules: [{ silent: true }] })
    const managers = managersFor(apns)
    const channel = apns.addChannel({ bundleId: A })
    managers.get('a channels').sendMessage(new BroadcastMessage(channel, UPDATE))
    managers.get(A).sendAps(tokensOf(2), { alert: 'hello' })
    const reports = await within(managers.close({ timeout: 0 }), () => 'close() hangs')
    assert.deepEqual(
      Array.from(reports, ([name, { unsent }]) => [name, unsent.length]),
      [
        ['a channels', 1],
        [A, 2],
      ],
    )
  })

  it('are the sender of a session for a channel', async () => {
    await using apns = await startSimulator()
    await using managers = managersFor(apns)
    const channel = apns.addChannel({ bundleId: A })
    await using session = new LiveActivitySession(managers.get('a channels'), { channel })
    const sent = await within(session.update({ goals: 1 }), () => 'it does not settle')
    assert.ok(sent.fate === 'sent')
    assert.deepEqual(await statusesOf(sent.delivery), ['accepted'])
  })
})
