/** A server of ours, `apns-worker serve`, in a process and with a store of its own, that sends to a sink. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.mjs'
import { KEY_ID, TEAM_ID, TOPIC } from './workload.mjs'

const COMMAND = fileURLToPath(new URL('../packages/cli/dist/main.js', import.meta.url))
/** The app that it is configured for. */
export const APP = 'news'
/** What Linux counts CPU time in. */
const TICKS_PER_SECOND = 100
const READY_LIMIT_MS = 20_000
const POLL_MS = 50

/**
 * @typedef {object} ServerTask
 * @property {number} port the sink's
 * @property {string} cert and its certificate
 * @property {string} key
 * @property {object} [limits]
 * @property {object} [network] options of the app's connections
 * @property {{ url: string }} [outbox] instead of a store of its own
 * @property {'all' | 'api' | 'worker'} [role]
 * @property {object} [worker]
 */

export class ServerProcess {
  #folder
  #child
  #errors = ''
  /** Where its API is. */
  url

  /**
   * Starts one, and waits until it is ready.
   *
   * @param {ServerTask} task
   */
  static async start(task) {
    const server = new ServerProcess(task, await freePort())
    await server.#ready()
    return server
  }

  /**
   * @param {ServerTask} task
   * @param {number} apiPort
   */
  constructor({ port, cert, key, limits = {}, network = {}, ...settings }, apiPort) {
    this.#folder = mkdtempSync(join(tmpdir(), 'apns-worker-bench-'))
    const file = (/** @type {string} */ name) => join(this.#folder, name)
    writeFileSync(file('sink.pem'), cert)
    writeFileSync(file('key.p8'), key, { mode: 0o600 })
    const environment = { host: '127.0.0.1', port, caPath: file('sink.pem') }
    const app = {
      name: APP,
      topic: TOPIC,
      environment,
      keyPath: file('key.p8'),
      keyId: KEY_ID,
      teamId: TEAM_ID,
      ...network,
    }
    const store = settings.outbox === undefined ? { store: file('outbox.db') } : {}
    // JSON is YAML.
    const config = { listen: `127.0.0.1:${apiPort}`, ...store, apps: [app], limits, ...settings }
    writeFileSync(file('config.yaml'), JSON.stringify(config))
    this.url = `http://127.0.0.1:${apiPort}`
    this.#child = spawn(process.execPath, [COMMAND, 'serve', '--config', file('config.yaml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#errors += text
    })
  }

  /** Seconds of CPU time that it has used, in all of its threads. */
  get cpuSeconds() {
    const text = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8')
    const [, , , , , , , , , , , user, system] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (Number(user) + Number(system)) / TICKS_PER_SECOND
  }

  /** The most memory that it ever had, in bytes. */
  get peakMemoryBytes() {
    const [, kilobytes] =
      /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) * 1024
  }

  /** Of its store, the journal included. */
  get storeBytes() {
    return ['outbox.db', 'outbox.db-wal'].reduce(
      (sum, name) => sum + (statSync(join(this.#folder, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
  }

  /**
   * A request to its API.
   *
   * @param {string} path
   * @param {RequestInit} [init]
   * @returns {Promise<any>} the JSON that it answers
   */
  async ask(path, init) {
    const response = await fetch(this.url + path, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }

  async stop() {
    if (this.#child.exitCode === null) {
      const exit = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      await exit
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #ready() {
    const deadline = Date.now() + READY_LIMIT_MS
    for (;;) {
      if (this.#child.exitCode !== null || Date.now() > deadline)
        throw new Error(`the server is not ready\n${this.#errors}`)
      const isReady = await fetch(`${this.url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      )
      if (isReady) return
      await setTimeout(POLL_MS)
    }
  }
}
