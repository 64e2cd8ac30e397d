import { type Outbox, type OutboxWorkerOptions, openPostgresOutbox } from '@apns-worker/server'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { DatabaseProxy } from '../../postgres/database-proxy.js'
import type { PostgresServer } from '../../postgres/postgres-server.js'
import { Rig } from '../../worker/rig.js'

export interface PostgresRigOptions extends Partial<OutboxWorkerOptions> {
  /** The address at which the worker finds the database; default: that of the proxy. */
  readonly through?: (url: string) => string
  readonly statementTimeoutMs?: number
}

/** A worker that sends to a simulator what is in a database of its own, with a network between that fails when it is told to. */
export class PostgresRig implements AsyncDisposable {
  readonly proxy: DatabaseProxy
  readonly simulator: Simulator
  readonly rig: Rig
  /** The same outbox, as whoever appends sees it: without the network between. */
  readonly direct: Outbox

  private constructor(proxy: DatabaseProxy, simulator: Simulator, rig: Rig, direct: Outbox) {
    this.proxy = proxy
    this.simulator = simulator
    this.rig = rig
    this.direct = direct
  }

  static async start(server: PostgresServer, options: PostgresRigOptions = {}): Promise<PostgresRig> {
    const { through, statementTimeoutMs, ...workerOptions } = options
    const proxy = await DatabaseProxy.start(server.port)
    const simulator = await startSimulator({ record: true })
    const url = server.url(await server.createDatabase())
    const outbox = await openPostgresOutbox({
      url: through?.(url) ?? proxy.through(url),
      connectTimeoutMs: 1000,
      statementTimeoutMs,
    })
    const rig = await Rig.on(outbox, simulator, { leaseMs: 60_000, ...workerOptions })
    return new PostgresRig(proxy, simulator, rig, await openPostgresOutbox({ url }))
  }

  /** How often each token was sent to, of those that were sent to at all. */
  get times(): ReadonlyMap<string, number> {
    const times = new Map<string, number>()
    for (const { token } of this.simulator.received) times.set(token, (times.get(token) ?? 0) + 1)
    return times
  }

  /** Resolves when a message is finished, whatever the network between worker and database does. */
  async finished(messageId: string): Promise<void> {
    while ((await this.direct.message(messageId)).finishedAtMs === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.proxy.set('pass')
    await this.direct.close()
    await this.rig[Symbol.asyncDispose]()
    await this.simulator.close()
    await this.proxy[Symbol.asyncDispose]()
  }
}
