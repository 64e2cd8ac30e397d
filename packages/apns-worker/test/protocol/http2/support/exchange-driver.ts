import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { ClientSession } from '#src/protocol/http2/client-session.js'
import { ClientStream } from '#src/protocol/http2/client-stream.js'
import type { HpackEncoder } from '#src/protocol/http2/hpack-encoder.js'
import type { SessionEvents, StreamReset } from '#src/protocol/http2/session-events.js'

/** One request, what the server must see of it, and what came back. */
export class Exchange extends ClientStream {
  readonly number: number
  readonly requestBody: Buffer
  readonly fields: Record<string, string> = {}
  responseBody = ''
  outcome = ''

  constructor(number: number, requestBody: Buffer) {
    super()
    this.number = number
    this.requestBody = requestBody
  }
}

/** Drives a session over a plain TCP connection, as the backend does over TLS. */
export class Driver implements SessionEvents<Exchange> {
  readonly session: ClientSession<Exchange>
  readonly done: Exchange[] = []
  readonly #socket: Socket
  readonly #queue: Exchange[] = []
  #finished: () => void = () => {}
  #total = 0

  constructor(port: number) {
    this.session = new ClientSession<Exchange>(this, {
      responseFields: ['x-echo', 'x-trailer'],
      maxResponseBodyBytes: 2 ** 20,
    })
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.on('data', (chunk) => {
      this.session.receive(chunk, performance.now())
      this.#pump()
    })
    this.#socket.on('drain', () => this.#pump())
    this.#socket.on('close', () => this.session.lost())
    this.#socket.on('error', () => {})
    this.#pump()
  }

  send(exchanges: readonly Exchange[]): Promise<void> {
    this.#queue.push(...exchanges)
    this.#total += exchanges.length
    return new Promise((resolve) => {
      this.#finished = resolve
      this.#pump()
    })
  }

  destroy(): void {
    this.#socket.destroy()
  }

  field(exchange: Exchange, name: string, value: string): void {
    exchange.fields[name] = value
  }

  data(exchange: Exchange, chunk: Uint8Array): void {
    exchange.responseBody += Buffer.from(chunk).toString('latin1')
  }

  end(exchange: Exchange): void {
    this.#finish(exchange, `end ${exchange.status}`)
  }

  reset(exchange: Exchange, { code, cause, unprocessed }: StreamReset): void {
    this.#finish(exchange, `reset ${code} ${cause} ${unprocessed}`)
  }

  settings(): void {}
  goaway(): void {}
  pong(): void {}
  failed(error: Error): void {
    throw error
  }

  #finish(exchange: Exchange, outcome: string): void {
    assert.equal(exchange.outcome, '', 'a request is reported once')
    exchange.outcome = outcome
    this.done.push(exchange)
    if (this.done.length === this.#total) this.#finished()
  }

  #pump(): void {
    while (this.session.capacity > 0) {
      const exchange = this.#queue.shift()
      if (exchange === undefined) break
      this.session.request(
        exchange,
        { writeFields: (encoder) => writeFields(encoder, exchange) },
        exchange.requestBody,
      )
    }
    for (let output = this.session.takeOutput(); output !== undefined; output = this.session.takeOutput()) {
      const bytes = output
      this.#socket.write(bytes, () => this.session.recycle(bytes))
    }
  }
}

function writeFields(encoder: HpackEncoder, { number }: Exchange): void {
  encoder.field(':method', 'POST', 'incremental')
  encoder.field(':scheme', 'http', 'incremental')
  encoder.field(':authority', 'localhost', 'incremental')
  encoder.field(':path', `/${number}`, 'without')
  encoder.field(
    'x-number',
    String(number),
    number % 3 === 0 ? 'never' : number % 3 === 1 ? 'without' : 'incremental',
  )
  // Long now and then: the table turns over, and the block outgrows a frame.
  if (number % 50 === 0) encoder.field('x-long', 'é'.repeat(20_000), 'without')
}
