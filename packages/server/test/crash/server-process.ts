import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { SocketApi } from './socket-api.js'

const MAIN = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url))
/** Between two looks whether it is ready. */
const LOOK_EVERY_MS = 10

/** The command `serve`, in a process of its own, which listens on a socket and is there to be killed. */
export class ServerProcess implements AsyncDisposable {
  readonly api: SocketApi
  readonly #configPath: string
  readonly #logPath: string
  readonly #log: WriteStream
  #child: ChildProcess | undefined
  kills = 0

  constructor(configPath: string, socketPath: string, logPath: string) {
    this.api = new SocketApi(socketPath)
    this.#configPath = configPath
    this.#logPath = logPath
    this.#log = createWriteStream(logPath)
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [MAIN, 'serve', '--config', this.#configPath], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    this.#child = child
    child.stdout.pipe(this.#log, { end: false })
    child.stderr.pipe(this.#log, { end: false })
    for (;;) {
      if (child.exitCode !== null) throw new Error(`it ended: ${await this.log()}`)
      const status = await this.api.get('/readyz').then(
        (answer) => answer.status,
        () => undefined,
      )
      if (status === 200) return
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }

  /** SIGKILL, and a new one at once. */
  async killAndRestart(): Promise<void> {
    await this.end('SIGKILL')
    this.kills++
    await this.start()
  }

  /** @returns the exit code; null when the signal has ended it */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (child === undefined) return null
    this.#child = undefined
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
    return child.exitCode
  }

  log(): Promise<string> {
    return readFile(this.#logPath, 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL')
    await new Promise((resolve) => this.#log.end(resolve))
  }
}
