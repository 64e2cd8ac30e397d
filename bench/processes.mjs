import { spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** The sink has a core of its own and the client another, where the system lets us choose. */
export const SINK_CORE = 1
export const CLIENT_CORE = 0

export const pinned = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

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
  #errors = ''
  /** @type {Promise<never>} rejects when the process ends: whatever we wait for then will not come */
  #ended

  /**
   * @param {number} core
   * @param {string[]} command what follows `node`
   */
  constructor(core, command) {
    const [file, parameters] = pin(core, [process.execPath, ...command])
    this.#child = spawn(file, parameters, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    this.#child.stderr?.setEncoding('utf8').on('data', (text) => {
      this.#errors += text
    })
    this.#ended = new Promise((_, reject) => {
      this.#child.once('error', reject)
      this.#child.once('exit', (code, signal) =>
        reject(new Error(`${command.at(-1)} ended (${signal ?? code})\n${this.#errors}`.trim())),
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
    return Promise.race([answer, this.#ended])
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
