import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, chown, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePort } from '../../../apns-worker/dist-test/support/free-port.js'
import { postgresProgram, type RunAs, unprivileged } from './postgres-programs.js'
import { Watchdog } from './watchdog.js'

const run = promisify(execFile)
const LOOK_EVERY_MS = 5
const SUPERUSER = 'postgres'
/** The line of `postmaster.pid` that says how far the server is. */
const STATUS_LINE = 7
/** And the one with the key and the id of a piece of shared memory. */
const MEMORY_LINE = 6
/** A killed server's processes notice by themselves; until then a new one is refused its memory. */
const LEFTOVERS = /pre-existing shared memory block/

/** How a server is told to end: `fast` lets it finish its files, `immediate` does not, and `kill` asks nobody. */
export type StopMode = 'fast' | 'immediate' | 'kill'
const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const

export interface PostgresOptions {
  /** Whether a commit waits for the disk, or only survives whatever ends the server (default). */
  readonly durability?: 'power-loss' | 'crash'
  /** What everybody has to know who connects; default: nobody is asked. */
  readonly password?: string
}

/** A real server, in a folder of its own, on a port of its own of 127.0.0.1, and on a socket in that folder. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number
  readonly folder: string
  readonly #password: string | undefined
  readonly #runAs: RunAs
  readonly #watchdog: Watchdog
  #child: ChildProcess | undefined
  #databases = 0

  private constructor(folder: string, port: number, password: string | undefined, runAs: RunAs) {
    this.folder = folder
    this.port = port
    this.#password = password
    this.#runAs = runAs
    this.#watchdog = new Watchdog(folder)
  }

  static async start(options: PostgresOptions = {}): Promise<PostgresServer> {
    const { durability = 'crash', password } = options
    const server = await PostgresServer.#make(password)
    return server.#startWith(async () => {
      const secret = join(server.folder, 'password')
      if (password !== undefined) await server.#write(secret, password)
      const auth = password === undefined ? ['--auth=trust'] : ['--auth=scram-sha-256', `--pwfile=${secret}`]
      const encoding = ['--locale=C', '--encoding=UTF8', '--no-sync', `--username=${SUPERUSER}`]
      await server.#program('initdb', ['--pgdata', server.#data, ...encoding, ...auth])
      const waiting: Record<string, string> =
        durability === 'power-loss' ? {} : { fsync: 'off', full_page_writes: 'off' }
      // In files of its own, which go with its folder.
      const memory = { dynamic_shared_memory_type: 'mmap', shared_buffers: '64MB' }
      await server.set({ max_connections: '200', jit: 'off', ...memory, ...waiting })
    })
  }

  /** A copy of this server that follows it, reads its journal as it is written, and answers queries. */
  async replica(): Promise<PostgresServer> {
    const replica = await PostgresServer.#make(this.#password)
    return replica.#startWith(async () => {
      const from = ['--dbname', this.url('postgres'), '--pgdata', replica.#data]
      await replica.#program('pg_basebackup', [
        ...from,
        '--write-recovery-conf',
        '--checkpoint=fast',
        '--no-sync',
      ])
    })
  }

  /** Makes a replica a server in its own right. */
  async promote(): Promise<void> {
    await this.query('SELECT pg_promote()')
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  url(database: string): string {
    const secret = this.#password === undefined ? '' : `:${encodeURIComponent(this.#password)}`
    return `postgres://${SUPERUSER}${secret}@127.0.0.1:${this.port}/${database}`
  }

  /**
   * @param template the database of which it is to be a copy; nobody may be connected to that
   * @returns its name
   */
  async createDatabase(template = 'template1'): Promise<string> {
    const name = `test_${++this.#databases}`
    await this.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
    return name
  }

  /** With whoever is connected to it. */
  async dropDatabase(name: string): Promise<void> {
    await this.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  }

  /** As the superuser, on a connection of its own. */
  async query<Row extends object>(
    sql: string,
    values: readonly unknown[] = [],
    database = 'postgres',
  ): Promise<Row[]> {
    const client = new Client({ connectionString: this.url(database) })
    // What breaks it makes the query fail as well.
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query<Row>(sql, [...values])).rows
    } finally {
      await client.end()
    }
  }

  /** Changes settings that hold from the next start on, or from {@link reload} on, as each of them does. */
  async set(settings: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(settings).map(
      ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`,
    )
    await appendFile(join(this.#data, 'postgresql.conf'), lines.join(''))
  }

  async reload(): Promise<void> {
    await this.query('SELECT pg_reload_conf()')
  }

  async stop(mode: StopMode = 'fast'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return
    const exited = child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined
    const others = mode === 'kill' && child.pid !== undefined ? await childrenOf(child.pid) : []
    child.kill(SIGNALS[mode])
    for (const pid of others) kill(pid)
    await exited
  }

  /** Starts it again, on the same port; resolves when it takes connections. */
  async startAgain(): Promise<void> {
    const logBefore = (await this.log()).length
    while (!(await this.#launch())) {
      const log = (await this.log()).slice(logBefore)
      if (!LEFTOVERS.test(log)) throw new Error(`PostgreSQL did not start: ${log}`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }

  /** Everything that it has written down since its first start. */
  log(): Promise<string> {
    return readFile(this.#logPath, 'utf8').catch(() => '')
  }

  /** Ends it and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('immediate')
    await this.#freeMemory()
    await this.#watchdog.end()
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 })
  }

  get #data(): string {
    return join(this.folder, 'data')
  }

  get #logPath(): string {
    return join(this.folder, 'log')
  }

  static async #make(password: string | undefined): Promise<PostgresServer> {
    const runAs = unprivileged()
    const folder = await mkdtemp(join(tmpdir(), 'apns-worker-postgres-'))
    // Who runs pg_dump, or a pooler, has to find the socket.
    await chmod(folder, 0o755)
    if (runAs.uid !== undefined && runAs.gid !== undefined) await chown(folder, runAs.uid, runAs.gid)
    return new PostgresServer(folder, await freePort(), password, runAs)
  }

  async #startWith(prepare: () => Promise<void>): Promise<this> {
    try {
      await prepare()
      await this.startAgain()
      return this
    } catch (error) {
      await this[Symbol.asyncDispose]()
      throw error
    }
  }

  /** @returns whether it runs now; otherwise its log says why it does not */
  async #launch(): Promise<boolean> {
    const log = await open(this.#logPath, 'a')
    const args = ['-D', this.#data, '-p', `${this.port}`, '-k', this.folder, '-h', '127.0.0.1']
    const child = spawn(postgresProgram('postgres'), args, {
      ...this.#runAs,
      stdio: ['ignore', log.fd, log.fd],
      // Ctrl-C is for the tests, which end it in order.
      detached: true,
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    })
    await once(child, 'spawn')
    await log.close()
    this.#child = child
    while (this.isRunning) {
      const lines = (await readFile(join(this.#data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
      // The file of one that was killed is there until the next writes its own.
      if (lines[0] === `${child.pid}` && /^(ready|standby)/.test(lines[STATUS_LINE] ?? '')) return true
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
    return false
  }

  /** The piece of shared memory by which servers know of each other outlives one that was killed. */
  async #freeMemory(): Promise<void> {
    const file = await readFile(join(this.#data, 'postmaster.pid'), 'utf8').catch(() => '')
    const id = file.split('\n')[MEMORY_LINE]?.trim().split(/ +/)[1]
    if (id !== undefined) await run('ipcrm', ['-m', id]).catch(() => {})
  }

  async #program(name: 'initdb' | 'pg_basebackup', args: readonly string[]): Promise<void> {
    await run(postgresProgram(name), [...args], { ...this.#runAs, env: { ...process.env, LC_ALL: 'C' } })
  }

  async #write(path: string, text: string): Promise<void> {
    await writeFile(path, `${text}\n`)
    if (this.#runAs.uid !== undefined && this.#runAs.gid !== undefined) {
      await chown(path, this.#runAs.uid, this.#runAs.gid)
    }
  }
}

/** A server's processes notice that it was killed, but may answer once more before. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.split(' ').filter(Boolean).map(Number)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
