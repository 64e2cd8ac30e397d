import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Http2Server, type ServerHttp2Stream, type Settings } from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { ClientSession } from '#src/protocol/http2/client-session.js'
import { ClientStream } from '#src/protocol/http2/client-stream.js'
import type { HpackEncoder } from '#src/protocol/http2/hpack-encoder.js'
import type { SessionEvents, StreamReset } from '#src/protocol/http2/session-events.js'
import { within } from '../../support/within.js'

/** One request, what the server must see of it, and what came back. */
class Exchange extends ClientStream {
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
class Driver implements SessionEvents<Exchange> {
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

interface Seen {
  readonly number: string
  readonly long: number
  body: Buffer
}

/** A server that answers by the request's number: echoing, in pieces, with trailers, an early end, or a reset. */
function answer(
  stream: ServerHttp2Stream,
  headers: Readonly<Record<string, unknown>>,
  seen: Map<number, Seen>,
): void {
  const number = Number(String(headers[':path']).slice(1))
  const record: Seen = {
    number: String(headers['x-number']),
    long: String(headers['x-long'] ?? '').length,
    body: Buffer.alloc(0),
  }
  seen.set(number, record)
  stream.on('error', () => {})
  if (number % 10 === 7) {
    stream.close(number % 20 === 7 ? 8 : 7)
    return
  }
  stream.on('data', (chunk: Buffer) => {
    record.body = Buffer.concat([record.body, chunk])
  })
  stream.on('end', () => {
    if (number % 10 === 5) stream.additionalHeaders({ ':status': 103, 'x-echo': 'early' })
    const body = record.body.toString('latin1')
    const trailers = number % 4 === 1
    stream.respond(
      { ':status': number % 10 === 3 ? 410 : 200, 'x-echo': String(number) },
      { waitForTrailers: trailers, endStream: body === '' && !trailers },
    )
    if (trailers) stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': `t${number}` }))
    if (body !== '' || trailers) stream.end(body, 'latin1')
  })
}

const SETTINGS: Readonly<Record<string, Settings>> = {
  "Node's own": {},
  'a single stream': { maxConcurrentStreams: 1 },
  'tiny windows': { initialWindowSize: 100, maxConcurrentStreams: 50 },
  'no header table': { headerTableSize: 0, maxConcurrentStreams: 100 },
  'a small header table and large frames': {
    headerTableSize: 200,
    maxFrameSize: 2 ** 20,
    maxConcurrentStreams: 100,
  },
}

async function listen(server: Http2Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function exchangesOf(count: number): Exchange[] {
  return Array.from({ length: count }, (_, number) => {
    const size = number % 40 === 11 ? 100_000 : (number * 7919) % 700
    return new Exchange(number, Buffer.alloc(size, `body of ${number} `))
  })
}

function expectedOutcome(number: number): RegExp {
  if (number % 20 === 7) return /^reset 8 peer false$/
  if (number % 20 === 17) return /^reset 7 peer true$/
  return number % 10 === 3 ? /^end 410$/ : /^end 200$/
}

describe('with node:http2 at the other end', () => {
  for (const [what, settings] of Object.entries(SETTINGS)) {
    it(`each request and each answer arrives as it was sent, with ${what}`, async () => {
      const seen = new Map<number, Seen>()
      const server = createServer({
        settings,
        maxSessionMemory: 1000,
        maxHeaderListPairs: 1000,
        settingsMaxHeaderListSize: 2 ** 20,
      } as object)
      server.on('stream', (stream, headers) => answer(stream, headers, seen))
      const driver = new Driver(await listen(server))
      const count = settings.initialWindowSize === 100 || settings.maxConcurrentStreams === 1 ? 200 : 1000
      try {
        const exchanges = exchangesOf(count)
        await within(driver.send(exchanges), () => `${driver.done.length} of ${count} were answered`)
        for (const { number, outcome, requestBody, responseBody, fields } of exchanges) {
          assert.match(outcome, expectedOutcome(number), `request ${number}`)
          const record = seen.get(number)
          assert.equal(record?.number, String(number))
          assert.equal(record.long, number % 50 === 0 ? 20_000 : 0)
          if (outcome.startsWith('reset')) continue
          assert.ok(record.body.equals(requestBody), `body of request ${number}`)
          assert.equal(responseBody, requestBody.toString('latin1'))
          assert.equal(fields['x-echo'], String(number))
          assert.equal(fields['x-trailer'], number % 4 === 1 ? `t${number}` : undefined)
        }
        assert.equal(seen.size, count)
      } finally {
        driver.destroy()
        server.close()
      }
    })
  }

  it('a GOAWAY tells the answered from the unprocessed, and every request is reported', async () => {
    const handled: number[] = []
    const server = createServer({ settings: { maxConcurrentStreams: 100 } })
    server.on('stream', (stream, headers) => {
      stream.on('error', () => {})
      handled.push(Number(String(headers[':path']).slice(1)))
      if (handled.length === 50) stream.session?.goaway(0, 99)
      stream.respond({ ':status': 200 }, { endStream: true })
    })
    const driver = new Driver(await listen(server))
    try {
      const exchanges = Array.from({ length: 100 }, (_, number) => new Exchange(number, Buffer.alloc(0)))
      driver.send(exchanges).catch(() => {})
      await within(
        (async () => {
          while (!driver.session.goingAway || driver.session.openStreams > 0)
            await new Promise((resolve) => setImmediate(resolve))
        })(),
        () => `${driver.session.openStreams} requests are open`,
      )
      for (const { id, outcome } of exchanges) {
        if (id === 0) assert.equal(outcome, '', 'what was not sent yet is not reported')
        else assert.match(outcome, id > 99 ? /^reset 0 goaway true$/ : /^end 200$/, `stream ${id}`)
      }
    } finally {
      driver.destroy()
      server.close()
    }
  })
})
