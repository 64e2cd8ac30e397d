import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { CustomEnvironment } from 'apns-worker'
import { LOCALHOST } from './test-identity.js'

const certificate = (name: string): string =>
  fileURLToPath(new URL(`../../test/support/certificates/${name}`, import.meta.url))

/**
 * Why a test with nghttpd (Debian's nghttp2-server) is skipped; false where it is installed. Where CI is set it is not
 * skipped but fails.
 */
export const NGHTTPD_MISSING: string | false =
  process.env['CI'] === 'true' || spawnSync('nghttpd', ['--version']).status === 0
    ? false
    : 'nghttpd is not installed (apt-get install nghttp2-server)'

/** A running nghttpd: an HTTP/2 server that nobody here wrote. */
export class Nghttpd implements AsyncDisposable {
  readonly environment: CustomEnvironment
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.environment = { host: '127.0.0.1', port, ca: LOCALHOST.cert }
  }

  /** Starts it with these arguments; `--echo-upload` makes it answer each POST with 200 and what was posted. */
  static async start(...args: readonly string[]): Promise<Nghttpd> {
    const port = await freePort()
    const files = [certificate('localhost.key.pem'), certificate('localhost.pem')]
    const child = spawn('nghttpd', ['--address=127.0.0.1', ...args, String(port), ...files], {
      stdio: 'ignore',
    })
    await once(child, 'spawn')
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`nghttpd ended with code ${child.exitCode}`)
    }
    return new Nghttpd(child, port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill()
    await exited
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on TCP
  server.close()
  await once(server, 'close')
  return port
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
