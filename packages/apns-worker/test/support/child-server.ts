import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { freePort } from './free-port.js'

/** How much of what a program complains of is kept, for the error that says why it ended. */
const COMPLAINT_CHARACTERS = 2000

/**
 * Why a test with a server of the system is skipped; false where it is installed. Where CI is set it is not skipped but
 * fails.
 *
 * @param command with arguments that make it end at once
 * @param debianPackage what it is in
 */
export function missing(command: readonly [string, ...string[]], debianPackage: string): string | false {
  const [name, ...args] = command
  return process.env['CI'] === 'true' || spawnSync(name, args).error === undefined
    ? false
    : `${name} is not installed (apt-get install ${debianPackage})`
}

/** Those that run: a test's process takes them along, however it ends. */
const running = new Set<ChildServer>()

function takeAlong(): void {
  if (process.listenerCount('exit', killRunning) > 0) return
  process.once('exit', killRunning)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
}

function killRunning(): void {
  for (const server of running) server.killGroup()
}

export interface ChildServerOptions {
  /** The port of 127.0.0.1 that it listens on. Default: a free one. */
  readonly port?: number
  /** Added to its environment. */
  readonly variables?: Readonly<Record<string, string>>
}

/** A server that runs in a process of its own, which may have children, on 127.0.0.1. */
export class ChildServer implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.#exited = once(child, 'close')
    this.port = port
  }

  /**
   * Starts it, and waits until it accepts connections.
   *
   * @param argumentsFor its arguments, for its port
   */
  static async start(
    name: string,
    argumentsFor: (port: number) => readonly string[],
    { port: wanted, variables = {} }: ChildServerOptions = {},
  ): Promise<ChildServer> {
    const port = wanted ?? (await freePort())
    // A group of its own, so that no child outlives it.
    const child = spawn(name, argumentsFor(port), {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      env: { ...process.env, ...variables },
    })
    const server = new ChildServer(child, port)
    takeAlong()
    running.add(server)
    let complaint = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-COMPLAINT_CHARACTERS)
    })
    await once(child, 'spawn')
    while (!(await accepts(port))) {
      if (server.ended) throw new Error(`${name} ended with code ${child.exitCode}: ${complaint}`)
    }
    return server
  }

  /** Whether it has ended. */
  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Sends a signal to the process, not to its children. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Ends it and its children, without any farewell. */
  async kill(): Promise<void> {
    this.killGroup()
    await this.#exited
    running.delete(this)
  }

  /** The same, without waiting for it. */
  killGroup(): void {
    try {
      // The child was spawned, so it has an id.
      process.kill(-(this.#child.pid as number), 'SIGKILL')
    } catch {
      // Nobody of the group is left.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}

/** Whether somebody listens on this port of 127.0.0.1. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
