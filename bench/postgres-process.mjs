/** A PostgreSQL of ours, in a folder and on a port of its own, that waits for the disk as a real one does. (Linux.) */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { freePort } from './free-port.mjs'

/** Where Debian puts each version's programs. */
const DEBIAN = '/usr/lib/postgresql'
/** What Linux counts CPU time in. */
const TICKS_PER_SECOND = 100
const READY_LIMIT_MS = 20_000
const POLL_MS = 50
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  max_connections: '100',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
  jit: 'off',
}

/** The server's own client, which the benchmarks do not depend on by themselves. */
const { Client } = createRequire(new URL('../packages/server/package.json', import.meta.url))('pg')

export class PostgresProcess {
  #folder
  #child
  #databases = 0
  #port

  /** Starts one, and waits until it takes connections. */
  static async start() {
    const postgres = new PostgresProcess(await freePort())
    await postgres.#ready()
    return postgres
  }

  /** @param {number} port */
  constructor(port) {
    this.#port = port
    this.#folder = mkdtempSync(join(tmpdir(), 'apns-worker-bench-postgres-'))
    const user = unprivileged()
    if (user.uid !== undefined) chownSync(this.#folder, user.uid, user.gid)
    const data = join(this.#folder, 'data')
    execFileSync(program('initdb'), ['--pgdata', data, '--auth=trust', '--username=postgres', '--locale=C'], {
      ...user,
      stdio: 'ignore',
    })
    const settings = { ...SETTINGS, port: String(port), unix_socket_directories: this.#folder }
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`)
    writeFileSync(join(data, 'postgresql.conf'), lines.join(''))
    this.#child = spawn(program('postgres'), ['-D', data], { ...user, stdio: 'ignore' })
  }

  /** @returns the URL of a new, empty database */
  async createDatabase() {
    this.#databases += 1
    const name = `bench_${this.#databases}`
    await this.query(`CREATE DATABASE ${name}`)
    return this.#url(name)
  }

  /** Seconds of CPU time that it has used, in all of its processes. */
  get cpuSeconds() {
    const { pid = 0 } = this.#child
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    // The first has what those used that have ended.
    const own = ticksOf(pid)
    const living = children.flatMap((child) => (child === '' ? [] : [ticksOf(Number(child)).slice(0, 2)]))
    return [...own, ...living.flat()].reduce((sum, ticks) => sum + ticks, 0) / TICKS_PER_SECOND
  }

  /**
   * As the superuser, on a connection of its own.
   *
   * @param {string} sql
   * @param {string} [url] of the database
   * @returns {Promise<any[]>}
   */
  async query(sql, url = this.#url('postgres')) {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }

  /** How much it has written to its journal, in bytes. */
  async journalBytes() {
    const [{ bytes }] = await this.query(`SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS bytes`)
    return Number(bytes)
  }

  /**
   * Transactions of a database, those that changed nothing included.
   *
   * @param {string} url
   */
  async transactions(url) {
    const sql = `SELECT pg_stat_force_next_flush(), xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = current_database()`
    const [{ count }] = await this.query(sql, url)
    return Number(count)
  }

  /** @param {string} url */
  async databaseBytes(url) {
    const [{ bytes }] = await this.query('SELECT pg_database_size(current_database()) AS bytes', url)
    return Number(bytes)
  }

  get version() {
    return execFileSync(program('postgres'), ['--version'], { encoding: 'utf8' }).trim()
  }

  async stop() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit')
      this.#child.kill('SIGINT')
      await exit
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #ready() {
    const deadline = Date.now() + READY_LIMIT_MS
    for (;;) {
      const isReady = await this.query('SELECT 1').then(
        () => true,
        () => false,
      )
      if (isReady) return
      if (this.#child.exitCode !== null || Date.now() > deadline) throw new Error('PostgreSQL does not start')
      await setTimeout(POLL_MS)
    }
  }

  /** @param {string} database */
  #url(database) {
    return `postgres://postgres@127.0.0.1:${this.#port}/${database}`
  }
}

/**
 * @param {number} pid
 * @returns {number[]} its user and system time, and those of its children that have ended; none when it is gone
 */
function ticksOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields.slice(11, 15).map(Number)
  } catch {
    return []
  }
}

/** @param {string} name of one of PostgreSQL's programs; the newest version's */
function program(name) {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number).filter(Number.isInteger) : []
  const newest = versions.length > 0 ? join(DEBIAN, String(Math.max(...versions)), 'bin', name) : name
  return existsSync(newest) ? newest : name
}

/** It refuses to run as root. @returns {{ uid?: number, gid?: number }} */
function unprivileged() {
  if (process.getuid?.() !== 0) return {}
  const idOf = (/** @type {string} */ option) =>
    Number.parseInt(spawnSync('id', [option, 'nobody'], { encoding: 'utf8' }).stdout, 10)
  return { uid: idOf('-u'), gid: idOf('-g') }
}
