import type { CustomEnvironment } from 'apns-worker'
import { ChildServer, missing } from './child-server.js'
import { LOCALHOST, LOCALHOST_FILES } from './test-identity.js'

export const NGHTTPD_MISSING: string | false = missing(['nghttpd', '--version'], 'nghttp2-server')

/** A running nghttpd: an HTTP/2 server that nobody here wrote. */
export class Nghttpd implements AsyncDisposable {
  readonly environment: CustomEnvironment
  readonly #server: ChildServer

  private constructor(server: ChildServer) {
    this.#server = server
    this.environment = { host: '127.0.0.1', port: server.port, ca: LOCALHOST.cert }
  }

  /** Starts it with these arguments; `--echo-upload` makes it answer each POST with 200 and what was posted. */
  static async start(...args: readonly string[]): Promise<Nghttpd> {
    const files = [LOCALHOST_FILES.key, LOCALHOST_FILES.cert]
    const server = await ChildServer.start('nghttpd', (port) => [
      '--address=127.0.0.1',
      ...args,
      String(port),
      ...files,
    ])
    return new Nghttpd(server)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]()
  }
}
