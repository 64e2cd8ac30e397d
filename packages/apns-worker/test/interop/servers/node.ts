import { once } from 'node:events'
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { LOCALHOST } from '../../support/test-identity.js'
import type { BackEnd } from '../back-end.js'
import type { FrontEnd, FrontEndKind, FrontEndSettings } from '../front-end.js'

/** `node:http2`, in this process. */
export const NODE: FrontEndKind = {
  name: 'node:http2',
  missing: false,
  features: new Set([
    'asks the back end',
    'quits',
    'reloads',
    'limits streams',
    'limits windows',
    'limits requests',
    'closes what is idle',
  ]),

  async start(settings, backEnd, port) {
    const { tls, maxConcurrentStreams = 100, initialWindowSize = 65_535 } = settings
    const server = createSecureServer({
      ...LOCALHOST,
      minVersion: tls,
      maxVersion: tls,
      settings: { maxConcurrentStreams, initialWindowSize },
    })
    const frontEnd = new NodeFrontEnd(server, settings, backEnd, port)
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return frontEnd
  },
}

class NodeFrontEnd implements FrontEnd {
  readonly environment: FrontEnd['environment']
  readonly #server: Http2SecureServer
  readonly #backEnd: BackEnd
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #sockets = new Set<Socket>()

  constructor(server: Http2SecureServer, settings: FrontEndSettings, backEnd: BackEnd, port: number) {
    this.environment = { host: '127.0.0.1', port, ca: LOCALHOST.cert }
    this.#server = server
    this.#backEnd = backEnd
    server.on('sessionError', () => {})
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.on('session', (session) => this.#opened(session, settings))
  }

  get ended(): boolean {
    return !this.#server.listening && this.#sessions.size === 0
  }

  async quit(): Promise<void> {
    this.#server.close()
    this.reload()
  }

  reload(): void {
    for (const session of this.#sessions) session.close()
  }

  async kill(): Promise<void> {
    if (this.#server.listening) this.#server.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  #opened(session: ServerHttp2Session, settings: FrontEndSettings): void {
    const { requestsPerConnection = Number.POSITIVE_INFINITY, idleSeconds = 60 } = settings
    let requests = 0
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
    session.on('error', () => {})
    session.setTimeout(idleSeconds * 1000, () => session.close())
    session.on('stream', (stream, headers) => {
      stream.on('error', () => {})
      requests += 1
      if (requests === requestsPerConnection) session.close()
      this.#answer(stream, String(headers[':path']), String(headers['apns-id'])).catch(() => {})
    })
  }

  async #answer(stream: ServerHttp2Stream, path: string, apnsId: string): Promise<void> {
    const body = Buffer.from(await text(stream))
    const answer = await this.#backEnd.answer({ path, apnsId, body })
    if (stream.destroyed) return
    stream.respond({ ':status': answer.status, 'apns-id': apnsId }, { endStream: answer.body === '' })
    if (answer.body !== '') stream.end(answer.body)
  }
}
