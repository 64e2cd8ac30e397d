import { once } from 'node:events'
import {
  createSecureServer,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import type { CustomEnvironment } from 'apns-worker'
import { LOCALHOST } from './test-identity.js'
import { until } from './within.js'

/** A server that is not the simulator. Whoever starts it disposes of it, after its clients. */
export class TestServer implements AsyncDisposable {
  readonly environment: CustomEnvironment
  /** TCP connections accepted so far. */
  connections = 0
  /** Those that are open: of TCP, underneath any TLS. */
  readonly sockets: Set<Socket> = new Set()
  readonly #server: Server

  private constructor(server: Server, ca: CustomEnvironment['ca']) {
    this.#server = server
    this.environment = { host: '127.0.0.1', port: (server.address() as AddressInfo).port, ca } // it listens on TCP
  }

  static async listen(
    server: Server,
    ca: CustomEnvironment['ca'] = LOCALHOST.cert,
    port = 0,
  ): Promise<TestServer> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const started = new TestServer(server, ca)
    server.on('connection', (socket: Socket) => {
      started.connections++
      started.sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => started.sockets.delete(socket))
    })
    // What a client does to a handshake is for the tests to see on the client's side.
    server.on('tlsClientError', () => {})
    return started
  }

  /** TCP RST on every connection. */
  resetAll(): void {
    for (const socket of this.sockets) socket.resetAndDestroy()
  }

  /** A client that left a connection open has leaked it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await until(
        () => this.sockets.size === 0,
        () => `a client left ${this.sockets.size} connections open`,
        1.5,
      )
    } finally {
      this.#server.close()
      for (const socket of this.sockets) socket.destroy()
    }
  }
}

/** A server of plain TCP. `ca`: whom its clients are to trust, where it is the way to another server. */
export function startTcpServer(
  onConnection: (socket: Socket, number: number) => void,
  ca?: CustomEnvironment['ca'],
): Promise<TestServer> {
  let count = 0
  return TestServer.listen(
    createTcpServer((socket) => onConnection(socket, ++count)),
    ca,
  )
}

/** A server of TLS; by default it offers HTTP/2, and speaks what the handler speaks. */
export function startTlsServer(
  onConnection: (socket: TLSSocket, number: number) => void,
  options: TlsOptions = {},
): Promise<TestServer> {
  let count = 0
  const server = createTlsServer({ ...LOCALHOST, ALPNProtocols: ['h2'], ...options }, (socket) => {
    socket.on('error', () => {})
    onConnection(socket, ++count)
  })
  return TestServer.listen(server, String(options.cert ?? LOCALHOST.cert))
}

/** A request as Node's own HTTP/2 server sees it. */
export interface ServerRequest {
  readonly stream: ServerHttp2Stream
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** A server on `node:http2`, as bare as it comes. */
export function startNodeServer(
  onRequest: (request: ServerRequest) => void,
  options: SecureServerOptions = {},
  onSession: (session: ServerHttp2Session) => void = () => {},
): Promise<TestServer> {
  const server = createSecureServer({ ...LOCALHOST, ...options })
  server.on('session', onSession)
  server.on('sessionError', () => {})
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('error', () => {})
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      onRequest({ stream, headers, body: Buffer.concat(chunks) })
    })
  })
  return TestServer.listen(server)
}
