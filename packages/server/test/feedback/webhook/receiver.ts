import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { DeadTokenReport } from '#src/feedback/dead-token-report.js'
import { LOCALHOST, type ServerIdentity } from '../../../../apns-worker/dist-test/support/test-identity.js'
import { until } from '../../../../apns-worker/dist-test/support/within.js'

export interface Delivery {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly items: readonly DeadTokenReport[]
  /** What the tokens say: {@link DeadTokenLog} numbers them. */
  readonly numbers: readonly number[]
  readonly response: ServerResponse
}

export type Answering = (delivery: Delivery) => void

/** What a webhook's other end does, on a loopback port; it answers 204 until it is told otherwise. */
export class Receiver implements AsyncDisposable {
  readonly deliveries: Delivery[] = []
  readonly #server: Server
  connections = 0
  answer: Answering = ({ response }) => response.writeHead(204).end()

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', () => this.connections++)
    server.on('request', (request, response: ServerResponse) => {
      let text = ''
      request.setEncoding('utf8').on('data', (part: string) => (text += part))
      request.on('end', () => {
        const { items } = (JSON.parse(text) as { data: Pick<Delivery, 'items'> }).data
        const numbers = items.map(({ token }) => Number.parseInt(token, 16))
        const { url = '', headers } = request
        const delivery = { url, headers, text, items, numbers, response }
        this.deliveries.push(delivery)
        this.answer(delivery)
      })
    })
  }

  static async start(identity: ServerIdentity | 'plain HTTP' = LOCALHOST): Promise<Receiver> {
    const server = identity === 'plain HTTP' ? createHttpServer() : createHttpsServer({ ...identity })
    const receiver = new Receiver(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return receiver
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** What it was told, attempts that it did not take included. */
  get numbers(): (readonly number[])[] {
    return this.deliveries.map(({ numbers }) => numbers)
  }

  has(count: number): Promise<void> {
    return until(
      () => this.deliveries.length >= count,
      () => `${this.deliveries.length} deliveries`,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}
