import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { ChildServer, missing } from '../../../apns-worker/dist-test/support/child-server.js'
import { freePort } from '../../../apns-worker/dist-test/support/free-port.js'
import { unprivileged } from './postgres-programs.js'
import type { PostgresServer } from './postgres-server.js'
import { Watchdog } from './watchdog.js'

export const PGBOUNCER_MISSING: string | false = missing(['pgbouncer', '--version'], 'pgbouncer')

/** Whether a client keeps the server's connection for as long as it stays, or for a transaction only. */
export type PoolMode = 'session' | 'transaction'

/** The pooler that is most used with PostgreSQL, before one server. */
export class PgBouncer implements AsyncDisposable {
  readonly #folder: string
  readonly #port: number
  readonly #watchdog: Watchdog
  #server: ChildServer | undefined

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.#port = port
    this.#watchdog = new Watchdog(folder)
  }

  static async start(server: PostgresServer, mode: PoolMode): Promise<PgBouncer> {
    const folder = await mkdtemp(join(tmpdir(), 'apns-worker-pgbouncer-'))
    const pooler = new PgBouncer(folder, await freePort())
    const { uid, gid } = unprivileged()
    if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid)
    const usersPath = join(folder, 'users')
    await writeFile(usersPath, '"postgres" ""\n')
    const settings = `
      [databases]
      * = host=127.0.0.1 port=${server.port}
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = ${pooler.#port}
      unix_socket_dir =
      auth_type = trust
      auth_file = ${usersPath}
      admin_users = postgres
      pool_mode = ${mode}
      default_pool_size = 10
      server_login_retry = 0.1
      pidfile = ${join(folder, 'pgbouncer.pid')}
      `
    await writeFile(pooler.#settings, settings.replaceAll(/^ +/gm, ''))
    try {
      await pooler.startAgain()
    } catch (error) {
      await pooler[Symbol.asyncDispose]()
      throw error
    }
    return pooler
  }

  /** The address of a database of the server by way of this. */
  through(url: string): string {
    const parsed = new URL(url)
    parsed.port = `${this.#port}`
    return parsed.href
  }

  /** Cuts all connections to this database, of clients and to the server, and takes new ones. */
  async cut(database: string): Promise<void> {
    const client = new Client({ connectionString: `postgres://postgres@127.0.0.1:${this.#port}/pgbouncer` })
    await client.connect()
    try {
      await client.query(`KILL ${database}`)
      await client.query(`RESUME ${database}`)
    } finally {
      await client.end()
    }
  }

  async kill(): Promise<void> {
    await this.#server?.kill()
    this.#server = undefined
  }

  /** On the same port. */
  async startAgain(): Promise<void> {
    const { user } = unprivileged()
    const options = user === undefined ? [] : ['-u', user]
    this.#server = await ChildServer.start('pgbouncer', () => [...options, this.#settings], {
      port: this.#port,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await this.#watchdog.end()
    await rm(this.#folder, { recursive: true })
  }

  get #settings(): string {
    return join(this.#folder, 'pgbouncer.ini')
  }
}
