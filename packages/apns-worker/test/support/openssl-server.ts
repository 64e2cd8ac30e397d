import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { CustomEnvironment } from 'apns-worker'
import { LOCALHOST, LOCALHOST_FILES } from './test-identity.js'
import { until } from './within.js'

/** Why a test with the `openssl` command is skipped; false where it is installed. Where CI is set it fails instead. */
export const OPENSSL_MISSING: string | false =
  process.env['CI'] === 'true' || spawnSync('openssl', ['version']).status === 0
    ? false
    : 'openssl is not installed (apt-get install openssl)'

/** `openssl s_server`: a TLS server that takes what it is sent, says nothing, and does what Node's can not. */
export class OpensslServer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  #printed = ''

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      this.#printed += text
    })
  }

  /** Starts it with these arguments. */
  static async start(...args: readonly string[]): Promise<OpensslServer> {
    const files = ['-cert', LOCALHOST_FILES.cert, '-key', LOCALHOST_FILES.key]
    const child = spawn('openssl', ['s_server', '-accept', '127.0.0.1:0', ...files, ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const server = new OpensslServer(child)
    await until(() => server.#port !== undefined)
    return server
  }

  /** What it printed: of its own, and what it was sent. */
  get printed(): string {
    return this.#printed
  }

  get environment(): CustomEnvironment {
    return { host: '127.0.0.1', port: this.#port, feedbackPort: this.#port, ca: LOCALHOST.cert }
  }

  get #port(): number | undefined {
    const found = /^ACCEPT .*:(\d+)$/m.exec(this.#printed)
    return found === null ? undefined : Number(found[1])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill()
    await exited
  }
}
