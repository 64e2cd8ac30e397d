import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as it arrives behind a front end. */
export interface PushRequest {
  /** `/3/device/` and the device token. */
  readonly path: string
  readonly apnsId: string
  readonly body: Buffer
}

export interface PushAnswer {
  readonly status: number
  /** Empty, or JSON. */
  readonly body: string
}

/** What APNs says to tokens that begin like this; to all others, 200. */
export const REFUSALS: Readonly<Record<string, PushAnswer>> = {
  '40': { status: 400, body: JSON.stringify({ reason: 'DeviceTokenNotForTopic' }) },
  '41': { status: 410, body: JSON.stringify({ reason: 'Unregistered', timestamp: 1_700_000_000_000 }) },
}
const ACCEPTANCE: PushAnswer = { status: 200, body: '' }

const DEVICE_PATH = '/3/device/'

/** Answers like APNs, in plain HTTP/1.1, to front ends that speak HTTP/2; and keeps the books. */
export class BackEnd implements AsyncDisposable {
  /** How often each apns-id has arrived. */
  readonly arrivals: Map<string, number> = new Map()
  /** How often each body has arrived. */
  readonly bodies: Map<string, number> = new Map()
  /** The apns-ids that wait for their answer. */
  readonly open: Set<string> = new Set()
  /** The most that ever waited. */
  mostOpen = 0
  /** The number of requests that are answered at once; later ones wait for `release`. */
  holdAfter: number = Number.POSITIVE_INFINITY
  /** Requests that have arrived. */
  received = 0
  readonly #server: Server
  #held: (() => void)[] = []

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch((error: unknown) => response.destroy(error as Error))
    })
  }

  static async start(): Promise<BackEnd> {
    // A front end that is quicker than this to use a connection again never meets one that is about to close.
    const server = createServer({ keepAliveTimeout: 60_000 })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new BackEnd(server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port // it listens on TCP
  }

  /** The apns-ids that have arrived more than once. */
  get repeated(): string[] {
    return [...this.arrivals].filter(([, count]) => count > 1).map(([apnsId]) => apnsId)
  }

  /** Answers what is held, and holds nothing from now on. */
  release(): void {
    this.holdAfter = Number.POSITIVE_INFINITY
    for (const go of this.#held.splice(0)) go()
  }

  /** The answer to one request, which may take its time. */
  async answer({ path, apnsId, body }: PushRequest): Promise<PushAnswer> {
    this.received += 1
    add(this.arrivals, apnsId)
    add(this.bodies, body.toString())
    this.open.add(apnsId)
    this.mostOpen = Math.max(this.mostOpen, this.open.size)
    if (this.received > this.holdAfter) await new Promise<void>((resolve) => this.#held.push(resolve))
    this.open.delete(apnsId)
    if (!path.startsWith(DEVICE_PATH)) return { status: 404, body: JSON.stringify({ reason: 'BadPath' }) }
    return REFUSALS[path.slice(DEVICE_PATH.length, DEVICE_PATH.length + 2)] ?? ACCEPTANCE
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const apnsId = String(request.headers['apns-id'])
    const { status, body } = await this.answer({
      path: String(request.url),
      apnsId,
      body: Buffer.concat(chunks),
    })
    const type = body === '' ? {} : { 'content-type': 'application/json' }
    response.writeHead(status, { 'apns-id': apnsId, 'content-length': body.length, ...type }).end(body)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release()
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
