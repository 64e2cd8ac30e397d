import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { apnsIdAt } from '@apns-worker/server'
import { type Simulator, startSimulator, writeCredentials } from '@apns-worker/simulator'
import { Folder } from '../operations/folder.js'
import { randomFrom } from '../outbox/support/crash-plan.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { POSTGRES_MISSING } from '../postgres/postgres-programs.js'
import { PostgresServer } from '../postgres/postgres-server.js'
import { assertCounts, auditJournal, isDead } from './journal-books.js'
import { PersistentClient } from './persistent-client.js'
import { ServerProcess } from './server-process.js'

/** More of it for a long night: `FLEET_CRASH_TOKENS=500000 FLEET_CRASH_PAUSE=4 FLEET_CRASH_SEED=7`. */
const TOKENS = Number(process.env['FLEET_CRASH_TOKENS'] ?? 20_000)
/** Between two kills, in seconds, about. */
const PAUSE_SECONDS = Number(process.env['FLEET_CRASH_PAUSE'] ?? 0.7)
const SEED = Number(process.env['FLEET_CRASH_SEED'] ?? Date.now() % 100_000)

const WORKERS = 3
const WINDOW_TOKENS = 1000
/** The batch with which the window is reached, and what the worker had in hand of it already. */
const MAX_IN_FLIGHT = WINDOW_TOKENS + 1000
/** So that others take over what a worker had that stays away for longer. */
const SHORT_LEASE_SECONDS = 3
/** Longer than a database is away here. */
const LONG_LEASE_SECONDS = 60
const APP = 'news'
const TOPIC = 'com.example.app'

const skip = POSTGRES_MISSING
let postgres: PostgresServer
before(async () => {
  if (skip === false) postgres = await PostgresServer.start({ durability: 'power-loss' })
})
after(() => postgres?.[Symbol.asyncDispose]())

/** One process that takes messages, and some that send them, each as `apns-worker serve` runs them. */
class Fleet implements AsyncDisposable {
  readonly folder: Folder
  readonly simulator: Simulator
  readonly api: ServerProcess
  readonly workers: readonly ServerProcess[]

  private constructor(
    folder: Folder,
    simulator: Simulator,
    api: ServerProcess,
    workers: readonly ServerProcess[],
  ) {
    this.folder = folder
    this.simulator = simulator
    this.api = api
    this.workers = workers
  }

  static async start(leaseSeconds: number): Promise<Fleet> {
    const folder = await Folder.make()
    const simulator = await startSimulator({ journal: { keep: true }, record: false })
    simulator.reply({ when: ({ token }) => isDead(token), unregistered: true })
    // So that there is always something in flight.
    simulator.reply({ share: 0.2, delay: 0.1 })
    const { caPath, keyPath, keyId, teamId } = await writeCredentials(simulator, folder.file('credentials'), [
      TOPIC,
    ])
    const { host, port } = simulator
    const url = postgres.url(await postgres.createDatabase())
    const make = async (role: 'api' | 'worker', owner: string): Promise<ServerProcess> => {
      const socketPath = folder.file(`${owner}.sock`)
      // JSON is YAML.
      const config = {
        listen: `unix:${socketPath}`,
        role,
        outbox: { url },
        apps: [{ name: APP, topic: TOPIC, environment: { host, port, caPath }, keyPath, keyId, teamId }],
        worker: { owner, lease: leaseSeconds, windowTokens: WINDOW_TOKENS },
      }
      const configPath = folder.file(`${owner}.yaml`)
      await writeFile(configPath, JSON.stringify(config))
      return new ServerProcess(configPath, socketPath, folder.file(`${owner}.log`))
    }
    const workers: ServerProcess[] = []
    for (let worker = 0; worker < WORKERS; worker++) workers.push(await make('worker', `worker-${worker}`))
    const fleet = new Fleet(folder, simulator, await make('api', 'api'), workers)
    await Promise.all([fleet.api, ...workers].map((each) => each.start()))
    return fleet
  }

  /** Whether a message is through; false as well while nobody can tell. */
  async isDone(id: string): Promise<boolean> {
    const { status, body } = await this.api.api.get(`/v1/messages/${id}`)
    assert.ok(status === 200 || status === 503, JSON.stringify(body))
    return body['state'] === 'done'
  }

  async end(): Promise<void> {
    for (const each of [...this.workers, this.api]) {
      assert.equal(await each.end('SIGTERM'), 0, await each.log())
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of [...this.workers, this.api]) await each[Symbol.asyncDispose]()
    await this.simulator.close()
    await this.folder[Symbol.asyncDispose]()
  }
}

/**
 * Sends to all tokens, and does harm again and again until they are through.
 *
 * @param harm says whether it did any
 * @param recover waits until everybody is well again
 * @returns how many requests were sent again
 */
async function sendThrough(
  fleet: Fleet,
  random: () => number,
  harm: () => Promise<boolean>,
  recover: () => Promise<unknown> = () => Promise.resolve(),
): Promise<{ repeats: number; harms: number }> {
  const tokens = tokensOf(TOKENS)
  const client = new PersistentClient(fleet.api, APP, random)
  const id = await client.message('large', undefined, { kills: 0, killWithinMs: 0 })
  await client.upload(id, tokens, 0)
  await client.send(id)
  let harms = 0
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_SECONDS * 1000 * (0.5 + random())))
    if (await fleet.isDone(id)) break
    if (await harm()) harms++
  }
  await recover()
  assertCounts(await client.report(id), tokens)
  await fleet.end()
  return { harms, repeats: auditJournal(fleet.simulator.journal, TOKENS, (index) => apnsIdAt(id, index)) }
}

test('of three workers one is killed again and again: no token is without an answer, and what was in flight is repeated with the ids that it had', {
  skip,
}, async (context) => {
  context.diagnostic(`seed ${SEED}`)
  const random = randomFrom(SEED)
  await using fleet = await Fleet.start(SHORT_LEASE_SECONDS)
  const away = new Map<ServerProcess, Promise<void>>()
  const { repeats, harms } = await sendThrough(
    fleet,
    random,
    async () => {
      const running = fleet.workers.filter((worker) => !away.has(worker))
      const worker = running[Math.floor(random() * running.length)]
      // One goes on, so that they get through.
      if (worker === undefined || running.length === 1) return false
      await worker.end('SIGKILL')
      // It is back at once, and takes its batches over; or so late that the others have them.
      const awayMs = random() < 0.5 ? 0 : 2 * SHORT_LEASE_SECONDS * 1000 * random()
      const back = new Promise((resolve) => setTimeout(resolve, awayMs)).then(() => worker.start())
      away.set(
        worker,
        back.then(() => void away.delete(worker)),
      )
      return true
    },
    () => Promise.all(away.values()),
  )
  context.diagnostic(`${harms} times killed, ${repeats} of ${TOKENS} requests sent again`)
  assert.ok(harms > 0, 'it was through before anybody was killed')
  assert.ok(repeats <= harms * MAX_IN_FLIGHT, `${repeats} were repeated`)
})

test('the database is restarted in the middle of it: the books balance, and nobody is restarted', {
  skip,
}, async (context) => {
  context.diagnostic(`seed ${SEED}`)
  const random = randomFrom(SEED + 1)
  await using fleet = await Fleet.start(LONG_LEASE_SECONDS)
  const modes = ['fast', 'immediate', 'kill'] as const
  const { repeats, harms } = await sendThrough(fleet, random, async () => {
    await postgres.stop(modes[Math.floor(random() * modes.length)])
    await new Promise((resolve) => setTimeout(resolve, 500 * random()))
    await postgres.startAgain()
    while ((await fleet.api.api.get('/readyz')).status !== 200);
    return true
  })
  context.diagnostic(`${harms} restarts, ${repeats} of ${TOKENS} requests sent again`)
  assert.ok(harms > 0, 'it was through before anything was restarted')
  assert.equal(repeats, 0, 'those who had them still have them')
})
