import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { freePort } from './free-port.js'

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

/** A server that runs in a process of its own, on 127.0.0.1. */
export class ChildServer implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  /**
   * Starts it on a free port, and waits until it accepts connections there.
   *
   * @param argumentsFor its arguments, for that port
   */
  static async start(name: string, argumentsFor: (port: number) => readonly string[]): Promise<ChildServer> {
    const port = await freePort()
    const child = spawn(name, argumentsFor(port), { stdio: 'ignore' })
    await once(child, 'spawn')
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode}`)
    }
    return new ChildServer(child, port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill()
    await exited
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
