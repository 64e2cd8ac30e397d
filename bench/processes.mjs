import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The cores that this process may use, where the system says; Linux does. */
const cores = affinityOf('self') ?? []
/** The sink has a core of its own and the client another, where the system lets us choose. */
export const CLIENT_CORE = cores.at(0) ?? 0
export const SINK_CORE = cores.at(-1) ?? 0

export const pinned =
  cores.length > 1 && cores.every((core) => spawnSync('taskset', ['-c', String(core), 'true']).status === 0)

/**
 * @param {number} core
 * @param {string[]} command
 * @returns {[string, string[]]} the command, bound to that core where the system can
 */
export function pin(core, command) {
  const [file, ...parameters] = pinned ? ['taskset', '-c', String(core), ...command] : command
  return [file, parameters]
}

/** A Node process of ours with a channel for messages. What it prints to standard error is kept for the report. */
export class NodeProcess {
  #child
  #core
  #errors = ''
  /** @type {Promise<never>} rejects when the process ends: whatever we wait for then will not come */
  #ended

  /**
   * @param {number} core
   * @param {string[]} command what follows `node`
   */
  constructor(core, command) {
    const script = command.find((part) => part.endsWith('.mjs'))
    this.#core = core
    const [file, parameters] = pin(core, [process.execPath, ...command])
    this.#child = spawn(file, parameters, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    this.#child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.#errors += text
    })
    this.#ended = new Promise((_, reject) => {
      this.#child.once('error', reject)
      this.#child.once('exit', (code, signal) =>
        reject(new Error(`${script} ended (${signal ?? code})\n${this.#errors}`.trim())),
      )
    })
    this.#ended.catch(() => {})
  }

  /**
   * @param {object} [message] sent first
   * @returns {Promise<any>} the process's next message; rejects when the process ends before
   */
  ask(message) {
    const answer = new Promise((resolve) => this.#child.once('message', resolve))
    if (message !== undefined) this.#child.send(message)
    return Promise.race([answer.then((value) => this.#assertBound(value)), this.#ended])
  }

  /**
   * Whether the binding took effect is for the kernel to say.
   *
   * @template T
   * @param {T} value
   */
  #assertBound(value) {
    const actual = pinned ? affinityOf(this.#child.pid) : undefined
    if (actual !== undefined && actual.join() !== String(this.#core))
      throw new Error(`a process that should run on core ${this.#core} may run on ${actual.join()}`)
    return value
  }

  /** Resolves when the process has ended by itself. */
  async end() {
    await this.#ended.catch(() => {})
  }

  /** Ends the process, now. */
  async kill() {
    this.#child.kill('SIGKILL')
    await this.end()
  }
}

/**
 * @param {number | string | undefined} pid
 * @returns {number[] | undefined} the cores that a process may use; undefined where the system does not tell
 */
function affinityOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? ''
    return list.split(',').flatMap((part) => {
      const [first, last = first] = part.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, index) => first + index)
    })
  } catch {
    return undefined
  }
}
