import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ProviderCredentials, type Simulator, startSimulator } from '@apns-worker/simulator'
import {
  type ApnsError,
  AppManagers,
  type AppManagersOptions,
  type AppOptions,
  BroadcastBackend,
  type Delivery,
  Message,
} from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { tokensOf } from '../support/sender.js'
import { until, within } from '../support/within.js'

failOnLeaks()

/** Managers for these apps, and what they said. */
class Apps implements AsyncDisposable {
  readonly managers: AppManagers
  readonly errors: [app: string, reason: string][] = []
  readonly warnings: string[] = []

  constructor(apns: Simulator, apps: Record<string, AppOptions>, options: AppManagersOptions = {}) {
    const warn = (message: string): void => void this.warnings.push(message)
    this.managers = new AppManagers({
      apps,
      errorHandler: ({ reason }: ApnsError, app) => this.errors.push([app, reason]),
      logger: { debug() {}, info() {}, warn, error: warn },
      ...options,
      defaults: { ...apns.credentials, environment: apns.environment, retryDelay: 0.01, ...options.defaults },
    })
  }

  send(app: string, tokens: readonly string[] | number): Delivery {
    return this.managers
      .get(app)
      .sendAps(typeof tokens === 'number' ? tokensOf(tokens) : tokens, { alert: app })
  }

  async accepted(...deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) {
      const { total, succeeded } = await within(delivery.done(), () =>
        JSON.stringify([this.errors, this.warnings]),
      )
      assert.equal(succeeded, total, JSON.stringify(this.errors.slice(-3)))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(this.managers.close({ timeout: 0 }), () => 'close() hangs')
  }
}

function topicsOf(apns: Simulator): string[] {
  return [...new Set(apns.received.map(({ topic }) => topic ?? ''))].sort()
}

const A = 'com.example.a'
const B = 'com.example.b'

describe('apps', () => {
  it('with the same key share a connection, and a provider token; each has its own topic', async () => {
    await using apns = await startSimulator()
    await using apps = new Apps(apns, { [A]: {}, [B]: {}, third: { topic: 'com.example.c' } })
    await apps.accepted(apps.send(A, 20), apps.send(B, 20), apps.send('third', 20))
    assert.equal(apns.counts().connections, 1)
    assert.equal(new Set(apns.received.map(({ headers }) => headers.get('authorization'))).size, 1)
    for (const { topic, payload } of apns.received) {
      assert.deepEqual(payload, { aps: { alert: topic === 'com.example.c' ? 'third' : topic } })
    }
    assert.deepEqual(topicsOf(apns), [A, B, 'com.example.c'])
    assert.deepEqual(apps.managers.get(A).stats().accepted, 20)
  })

  it('tell whose connections they use', async () => {
    await using apns = await startSimulator()
    const other = {
      [A]: {},
      [B]: {},
      third: { environment: 'sandbox' as const },
      fourth: { backend: BroadcastBackend },
    }
    await using apps = new Apps(apns, other)
    await using again = new Apps(apns, { [B]: {} })
    const { managers } = apps
    assert.equal(managers.lineOf(A), managers.lineOf(B))
    assert.equal(managers.lineOf(A), again.managers.lineOf(B))
    assert.equal(new Set([A, 'third', 'fourth'].map((name) => managers.lineOf(name))).size, 3)
    assert.throws(() => managers.lineOf('fifth'), { code: 'APP_UNKNOWN' })
  })

  it('send one and the same message with the topic of each, and its push type’s suffix', async () => {
    await using apns = await startSimulator()
    await using apps = new Apps(apns, { [A]: {}, [B]: {} })
    const [token = ''] = tokensOf(1)
    const message = new Message([token], { aps: {} }, { pushType: 'voip' })
    for (const app of [A, B, A]) await apps.accepted(apps.managers.get(app).sendMessage(message))
    assert.deepEqual(
      apns.received.map(({ topic }) => topic),
      [`${A}.voip`, `${B}.voip`, `${A}.voip`],
    )
  })

  const apart: readonly [string, (apns: Simulator) => AppOptions][] = [
    ['of another team', (apns) => ({ ...apns.addKey({ teamId: 'OTHERTEAM1' }) })],
    ['with another key of the same team', (apns) => ({ ...apns.addKey() })],
    [
      'with a certificate',
      (apns) => {
        const { cert, key } = apns.clientCertificate({ topics: [B] })
        return { cert, key }
      },
    ],
    ['with other options for the network', () => ({ maxConnections: 2 })],
    [
      'for another environment',
      ({ environment }) => ({ environment: { ...environment, host: 'localhost' } }),
    ],
  ]
  for (const [what, options] of apart) {
    it(`${what} have a connection of their own`, async () => {
      await using apns = await startSimulator()
      await using apps = new Apps(apns, { [A]: {}, [B]: options(apns) })
      await apps.accepted(apps.send(A, 3), apps.send(B, 3), apps.send(A, 3))
      assert.equal(apns.counts().connections, 2)
      const connectionsOf = (app: string): Set<unknown> =>
        new Set(apns.received.flatMap(({ topic, connection }) => (topic === app ? [connection] : [])))
      assert.deepEqual([connectionsOf(A).size, connectionsOf(B).size], [1, 1])
      assert.notDeepEqual(connectionsOf(A), connectionsOf(B))
    })
  }

  it('with the same certificate share its connection, for its topics only', async () => {
    await using apns = await startSimulator()
    const { cert, key } = apns.clientCertificate({ topics: [A, `${A}.voip`] })
    const certificate = { cert, key }
    await using apps = new Apps(apns, {
      first: { ...certificate, topic: A },
      second: { ...certificate, topic: A },
      strange: { ...certificate, topic: B },
    })
    const call = new Message(tokensOf(3), { aps: {} }, { pushType: 'voip' })
    await apps.accepted(apps.send('first', 3), apps.managers.get('second').sendMessage(call))
    assert.deepEqual(topicsOf(apns), [A, `${A}.voip`])
    assert.equal(apns.counts().connections, 1)
    assert.throws(() => apps.send('strange', 1), /topic com.example.b is not one of the certificate's/)
  })

  it('are sent for in turn: a long list does not keep a short one waiting', async () => {
    await using apns = await startSimulator({ streamLimit: 50 })
    await using apps = new Apps(apns, { [A]: {}, [B]: {} }, { defaults: { maxConnections: 1 } })
    const long = apps.send(A, 5000)
    await apns.waitFor(100)
    const short = apps.send(B, tokensOf(100, 'b'))
    await apps.accepted(short)
    assert.ok(long.pending > 3000, `${long.pending} of the long list are left`)
    await apps.accepted(long)
  })
})

describe('trouble with', () => {
  it('one app’s topic stops that app alone, until it is mended', async () => {
    await using apns = await startSimulator({ topics: [B, 'com.example.other'] })
    await using apps = new Apps(apns, { [A]: {}, [B]: {} })
    const stopped = apps.send(A, 30)
    await within(
      assert.rejects(apps.managers.get(A).flushMessages(), /TopicDisallowed/),
      () => 'the line is not stopped',
    )
    await apps.accepted(apps.send(B, 30))
    assert.deepEqual(apps.errors, [[A, 'TopicDisallowed']])
    assert.match(apps.warnings[0] ?? '', /^com\.example\.a: sending is paused: TopicDisallowed/)
    assert.deepEqual(
      [apps.managers.get(A).paused?.reason, apps.managers.get(B).paused],
      ['TopicDisallowed', undefined],
    )
    assert.equal(stopped.pending, 30)
    apps.managers.get(A).resume()
    await until(() => apps.errors.length === 2)
    assert.equal(stopped.pending, 30)
    // What Apple knows of a team's topics, a connection learns when it is opened.
    assert.equal(apns.counts().connections, 2)
  })

  it('the key stops all that have it, and no others; each resumes by itself', async () => {
    await using apns = await startSimulator()
    const other = apns.addKey({ teamId: 'OTHERTEAM1' })
    await using apps = new Apps(apns, { [A]: {}, [B]: {}, 'com.example.c': { ...other } })
    const mend = apns.reply({
      when: ({ headers }) =>
        headers.get('authorization')?.includes('.') === true && isBy(apns.credentials, headers),
      status: 403,
      reason: 'InvalidProviderToken',
    })
    const deliveries = [apps.send(A, 10), apps.send(B, 10)]
    await until(() => apps.errors.length === 2)
    assert.deepEqual(
      new Map(apps.errors),
      new Map([
        [A, 'InvalidProviderToken'],
        [B, 'InvalidProviderToken'],
      ]),
    )
    await apps.accepted(apps.send('com.example.c', 10))
    mend()
    apps.managers.get(A).resume()
    await apps.accepted(...deliveries.slice(0, 1))
    assert.equal(deliveries[1]?.pending, 10)
    apps.managers.get(B).resume()
    await apps.accepted(...deliveries)
  })

  it('one app’s tokens, all of the other environment, is noticed although others’ are accepted', async () => {
    await using apns = await startSimulator({ rules: [{ topic: A, badDeviceToken: true }] })
    await using apps = new Apps(apns, { [A]: {}, [B]: {} }, { defaults: { badTokenLimit: 5 } })
    await apps.accepted(apps.send(B, 30))
    const delivery = apps.send(A, 30)
    await until(() => apps.managers.get(A).paused !== undefined)
    assert.equal(apps.managers.get(A).paused?.reason, 'WrongEnvironment')
    assert.equal(apps.managers.get(B).paused, undefined)
    assert.equal(delivery.failed, 5)
    await apps.accepted(apps.send(B, 30))
    // The next tokens get the same chance.
    apps.managers.get(A).resume()
    await until(() => apps.managers.get(A).paused !== undefined)
    assert.equal(delivery.failed, 10)
  })

  it('a token is that app’s: errors and dead tokens are told to it alone', async () => {
    await using apns = await startSimulator({ rules: [{ tokenPrefix: 'dead', unregistered: true }] })
    await using apps = new Apps(apns, { [A]: {}, [B]: {} })
    const feedback: Record<string, string[]> = { [A]: [], [B]: [] }
    for (const app of [A, B]) apps.managers.get(app).getFeedback(({ token }) => feedback[app]?.push(token))
    const dead = tokensOf(3, 'dead')
    const deliveries = [apps.send(A, [...dead, ...tokensOf(3)]), apps.send(B, 5)]
    for (const delivery of deliveries) await within(delivery.done(), () => 'it does not settle')
    assert.deepEqual(
      deliveries.map(({ succeeded, failed }) => [succeeded, failed]),
      [
        [3, 3],
        [5, 0],
      ],
    )
    assert.deepEqual(feedback, { [A]: dead, [B]: [] })
    assert.deepEqual(
      apps.errors,
      dead.map(() => [A, 'Unregistered']),
    )
  })

  it('an answer that says "later" counts for its app, and is heeded', async () => {
    await using apns = await startSimulator({
      rules: [{ topic: A, status: 429, reason: 'TooManyRequests', times: 4 }],
    })
    await using apps = new Apps(apns, { [A]: {}, [B]: {} })
    await apps.accepted(apps.send(A, 10), apps.send(B, 10))
    assert.deepEqual([apps.managers.get(A).stats().retried, apps.managers.get(B).stats().retried], [4, 0])
  })

  it('an expiration that passes while there is no connection is told to its app', async () => {
    await using apns = await startSimulator()
    await using apps = new Apps(
      apns,
      { [A]: {}, [B]: {} },
      { defaults: { environment: { ...apns.environment, port: 1 }, retryDelay: 0.05 } },
    )
    const delivery = apps.managers
      .get(A)
      .sendAps(tokensOf(3), { alert: 'x' }, { expiration: Math.ceil(Date.now() / 1000) })
    const waiting = apps.send(B, 3)
    await within(delivery.done(), () => 'it does not expire')
    assert.deepEqual(
      apps.errors,
      tokensOf(3).map(() => [A, 'Expired']),
    )
    assert.equal(waiting.pending, 3)
  })
})

function isBy({ keyId }: ProviderCredentials, headers: ReadonlyMap<string, string>): boolean {
  const [head = ''] = headers.get('authorization')?.replace('bearer ', '').split('.') ?? []
  return Buffer.from(head, 'base64url').toString().includes(keyId)
}
