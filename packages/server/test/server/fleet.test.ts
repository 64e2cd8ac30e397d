import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ServerError } from '@apns-worker/server'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import type { AppConfig, ServerConfig, ServerRole } from '#src/config/server-config.js'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { until, within } from '../../../apns-worker/dist-test/support/within.js'
import { Folder } from '../operations/folder.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { POSTGRES_MISSING } from '../postgres/postgres-programs.js'
import { PostgresServer } from '../postgres/postgres-server.js'
import { APP, appFor, configFor, outboxAt, TestServer } from './test-server.js'

failOnLeaks()

/** For two heartbeats and more of the real clock, on a machine that has much else to do. */
const HEARTBEATS_S = 60

const OTHER_APP = 'chat'

let postgres: PostgresServer
before(async () => {
  if (POSTGRES_MISSING === false) postgres = await PostgresServer.start()
})
after(() => postgres?.[Symbol.asyncDispose]())

/** Processes on one outbox, in a database of its own. */
class Site implements AsyncDisposable {
  readonly #folder: Folder
  readonly #url: string
  readonly #apps: readonly AppConfig[]
  readonly #servers: TestServer[] = []

  private constructor(folder: Folder, url: string, apps: readonly AppConfig[]) {
    this.#folder = folder
    this.#url = url
    this.#apps = apps
  }

  static async make(
    simulator: Simulator,
    app: Partial<AppConfig> = {},
    own: PostgresServer = postgres,
  ): Promise<Site> {
    const url = own.url(await own.createDatabase())
    const apps = [{ ...appFor(simulator), ...app }, appFor(simulator, OTHER_APP)]
    return new Site(await Folder.make(), url, apps)
  }

  get database(): string {
    return this.#url.slice(this.#url.lastIndexOf('/') + 1)
  }

  async start(owner: string, role: ServerRole = 'all'): Promise<TestServer> {
    const config = configFor(this.#folder, this.#apps)
    const own: ServerConfig = {
      ...config,
      role,
      outbox: outboxAt(this.#url),
      readyFile: undefined,
      worker: { ...config.worker, owner, windowTokens: 100 },
    }
    const server = await TestServer.start(own)
    this.#servers.push(server)
    return server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.toReversed()) await server[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }
}

interface Worker {
  readonly name: string
  readonly role: string
  readonly leader: boolean
  readonly window?: { readonly inHand: number }
  readonly lanes: readonly { readonly lane: string; readonly state: string; readonly connections: number }[]
}

async function workersOf(server: TestServer): Promise<readonly Worker[]> {
  const { status, body } = await server.get('/v1/workers')
  assert.equal(status, 200, JSON.stringify(body))
  return body['items'] as readonly Worker[]
}

/** Asks until the workers are as they should be. */
async function workersWhen(
  server: TestServer,
  isSo: (workers: readonly Worker[]) => boolean,
): Promise<readonly Worker[]> {
  let workers: readonly Worker[] = []
  const asked = async (): Promise<readonly Worker[]> => {
    for (;;) {
      workers = await workersOf(server)
      if (isSo(workers)) return workers
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return within(asked(), () => JSON.stringify(workers), HEARTBEATS_S)
}

async function sentWhenAccepted(server: TestServer): Promise<string> {
  for (;;) {
    const id = await server.send(tokensOf(1)).catch(() => undefined)
    if (id !== undefined) return id
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const skip = POSTGRES_MISSING

describe('servers on one PostgreSQL', { skip }, () => {
  it('list each other, one leads, and its place is taken when it has stopped', async () => {
    await using simulator = await startSimulator()
    await using site = await Site.make(simulator)
    const one = await site.start('one')
    const api = await site.start('gate', 'api')
    await site.start('two', 'worker')
    const workers = await workersOf(api)
    assert.deepEqual(
      workers.map(({ name, role, leader }) => [name, role, leader]),
      [
        ['one', 'all', true],
        ['gate', 'api', false],
        ['two', 'worker', false],
      ],
    )
    await workersWhen(api, (all) => all.filter(({ lanes }) => lanes.length === 2).length === 2)
    await one.server.stop()
    const left = await workersWhen(api, (all) => all.some(({ leader }) => leader))
    assert.deepEqual(
      left.map(({ name, leader }) => [name, leader]),
      [
        ['gate', false],
        ['two', true],
      ],
    )
  })

  it('do not have two of one name', async () => {
    await using simulator = await startSimulator()
    await using site = await Site.make(simulator)
    const one = await site.start('one')
    await assert.rejects(
      site.start('one'),
      (error: unknown) => error instanceof ServerError && error.code === 'ALREADY_RUNNING',
    )
    const id = await one.send(tokensOf(10))
    await one.done(id)
  })

  it('that finds another in its name claims nothing more, says so, and is not ready', async () => {
    await using simulator = await startSimulator()
    await using site = await Site.make(simulator)
    const one = await site.start('one')
    await one.done(await one.send(tokensOf(1)))
    await postgres.query('UPDATE apns_worker.workers SET is_replaced = true', [], site.database)
    const isSaid = (): boolean => one.lines.some(({ level, worker }) => level === 'fatal' && worker === 'one')
    await until(isSaid, undefined, HEARTBEATS_S)
    const { status, body } = await one.get('/readyz')
    assert.deepEqual([status, body['worker']], [503, 'stopped'])
    const id = await one.send(tokensOf(1))
    const other = await site.start('one')
    await other.done(id)
  })

  it('close connections that they share when they cannot be heard, and go on when they can', async () => {
    await using own = await PostgresServer.start()
    await using simulator = await startSimulator()
    await using site = await Site.make(simulator, { fleetConnections: 2 }, own)
    const one = await site.start('one')
    await one.done(await one.send(tokensOf(1)))
    assert.equal(simulator.counts().openConnections, 1)
    await own.stop()
    await simulator.waitFor((server) => server.counts().openConnections === 0, {
      timeout: HEARTBEATS_S,
    })
    await own.startAgain()
    await one.done(await sentWhenAccepted(one))
    assert.equal(simulator.counts().openConnections, 1)
  })

  it('have no more connections together than the app may have, and send all the same', async () => {
    await using simulator = await startSimulator({ streamLimit: 5, latency: 0.01 })
    await using site = await Site.make(simulator, { fleetConnections: 3 })
    const servers = [await site.start('one')]
    let most = 0
    const look = setInterval(() => {
      most = Math.max(most, simulator.counts().openConnections)
    }, 1)
    try {
      const first = (await servers[0]?.send(tokensOf(500))) ?? ''
      await until(() => simulator.counts().openConnections === 3, undefined, HEARTBEATS_S)
      const other = await site.start('two')
      const shared = (workers: readonly Worker[]): boolean =>
        workers.length === 2 && workers.every(({ lanes }) => (lanes[0]?.connections ?? 0) > 0)
      const id = await other.send(tokensOf(4000))
      await workersWhen(other, shared)
      await other.done(first)
      await other.server.stop()
      await servers[0]?.done(id)
    } finally {
      clearInterval(look)
    }
    assert.equal(most, 3)
    assert.equal(simulator.counts().maxOpenStreams, 5)
  })

  it('send a few of one app while they have many of another', async () => {
    await using simulator = await startSimulator({ streamLimit: 5, latency: 0.01 })
    await using site = await Site.make(simulator)
    const servers = [await site.start('one'), await site.start('two')]
    const [one] = servers
    assert.ok(one !== undefined)
    const many = await one.send(tokensOf(20_000))
    // Both have their hands full of it.
    await workersWhen(one, (all) => all.every(({ window }) => (window?.inHand ?? 0) > 0))
    const few = await one.post('/v1/messages', {
      app: OTHER_APP,
      tokens: tokensOf(50),
      payload: { aps: { alert: 'hello' } },
    })
    await one.done(String(few.body['id']))
    const { body } = await one.get(`/v1/messages/${many}`)
    assert.equal(body['state'], 'sending', JSON.stringify(body))
    await one.post(`/v1/messages/${many}/cancel`, {})
  })

  it('present one provider token', async () => {
    await using simulator = await startSimulator()
    // A connection each, so that two are of two processes.
    const { options } = appFor(simulator)
    await using site = await Site.make(simulator, { options: { ...options, maxConnections: 1 } })
    const one = await site.start('one')
    const other = await site.start('two')
    const issued = new Set<unknown>()
    const connections = new Set<number>()
    for (let round = 0; connections.size < 2; round++) {
      assert.ok(round < 200, 'one process sends everything')
      for (const server of [one, other]) await server.done(await server.send(tokensOf(300)))
      for (const { connection, headers } of simulator.received) {
        connections.add(connection)
        const [, claims = ''] = (headers.get('authorization') ?? '').split('.')
        issued.add((JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iat: number }).iat)
      }
    }
    // Those that were sent around the half hour may have the next one.
    assert.ok(issued.size <= 2 && [...issued].every((iat) => typeof iat === 'number' && iat % 1800 === 0))
  })

  it('go on with a line that was resumed anywhere', async () => {
    await using simulator = await startSimulator()
    await using site = await Site.make(simulator)
    const worker = await site.start('one', 'worker')
    const api = await site.start('gate', 'api')
    const mend = simulator.reply({ status: 403, reason: 'InvalidProviderToken' })
    const id = await api.send(tokensOf(20))
    await workersWhen(api, (all) => all.some(({ lanes }) => lanes[0]?.state === 'paused'))
    assert.equal((await worker.get('/readyz')).body['status'], 'degraded')
    mend()
    const { status } = await fetch(`${api.server.address}/v1/apps/${APP}/resume`, { method: 'POST' })
    assert.equal(status, 204)
    const { counts } = await within(api.done(id), () => JSON.stringify(worker.lines.slice(-5)), HEARTBEATS_S)
    assert.equal((counts as { accepted: number }).accepted, 20)
  })
})
