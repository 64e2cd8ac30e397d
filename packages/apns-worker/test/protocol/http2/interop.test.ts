import assert from 'node:assert/strict'
import {
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { until, within } from '../../support/within.js'
import { echoServer, listen, type Seen } from './support/echo-server.js'
import { Driver, Exchange } from './support/exchange-driver.js'

const LARGE_BODY = 200_000
/** What the echo server answers with 200 and without any trick. */
const PLAIN = 10

function exchangesOf(count: number, bodyBytes: number): Exchange[] {
  return Array.from({ length: count }, (_, number) => {
    return new Exchange(number * PLAIN, Buffer.alloc(bodyBytes, `body of ${number} `))
  })
}

describe('large bodies both ways, with node:http2 at the other end', () => {
  for (const [initialWindowSize, count] of [
    [1000, 20],
    [16_384, 40],
    [65_535, 60],
    [2 ** 31 - 1, 60],
  ] as const) {
    it(`${count} of ${LARGE_BODY} bytes through windows of ${initialWindowSize}`, async () => {
      const seen = new Map<number, Seen>()
      const server = echoServer({ initialWindowSize, maxConcurrentStreams: 20 }, seen)
      const driver = new Driver(await listen(server))
      try {
        const exchanges = exchangesOf(count, LARGE_BODY)
        await within(driver.send(exchanges), () => `${driver.done.length} of ${count} were answered`)
        for (const { number, outcome, requestBody, responseBody } of exchanges) {
          assert.equal(outcome, 'end 200')
          assert.ok(seen.get(number)?.body.equals(requestBody), `body of request ${number}`)
          assert.ok(responseBody === requestBody.toString('latin1'), `body of response ${number}`)
        }
      } finally {
        driver.destroy()
        server.close()
      }
    })
  }
})

/** A server that answers when it is told to, and counts what it was asked. */
class HeldServer {
  readonly server: Http2Server = createServer({ settings: { maxConcurrentStreams: 100 } })
  readonly sessions: ServerHttp2Session[] = []
  readonly sockets: Socket[] = []
  /** Streams that the client cancelled. */
  cancelled = 0
  readonly #held: ServerHttp2Stream[] = []

  constructor() {
    this.server.on('connection', (socket: Socket) => this.sockets.push(socket))
    this.server.on('session', (session) => this.sessions.push(session))
    this.server.on('stream', (stream) => {
      stream.on('error', () => {})
      stream.on('aborted', () => {
        if (stream.rstCode === constants.NGHTTP2_CANCEL) this.cancelled += 1
      })
      stream.resume()
      this.#held.push(stream)
    })
  }

  get held(): number {
    return this.#held.length
  }

  answer(): void {
    for (const stream of this.#held.splice(0))
      if (!stream.destroyed) stream.respond({ ':status': 200 }, { endStream: true })
  }
}

/** Opens requests, waits until the server has them all, and goes on from there. */
async function withHeld(
  act: (server: HeldServer, driver: Driver, exchanges: readonly Exchange[]) => Promise<void>,
): Promise<void> {
  const held = new HeldServer()
  const driver = new Driver(await listen(held.server))
  try {
    const exchanges = exchangesOf(50, 100)
    driver.send(exchanges).catch(() => {})
    await until(() => held.held === exchanges.length)
    await act(held, driver, exchanges)
  } finally {
    driver.destroy()
    for (const session of held.sessions) session.destroy()
    held.server.close()
  }
}

/** Writes what the session has to say. */
function flush(driver: Driver): void {
  driver.send([]).catch(() => {})
}

const outcomes = (exchanges: readonly Exchange[]): string[] => [
  ...new Set(exchanges.map(({ outcome }) => outcome)),
]

describe('the end of a connection, with node:http2 at the other end', () => {
  it('a server that closes its session answers what it has, and we open no more', async () => {
    await withHeld(async (held, driver, exchanges) => {
      for (const session of held.sessions) session.close()
      await until(() => driver.session.goingAway)
      assert.deepEqual([driver.session.capacity, driver.session.openStreams], [0, exchanges.length])
      held.answer()
      await until(() => driver.session.openStreams === 0)
      assert.deepEqual(outcomes(exchanges), ['end 200'])
    })
  })

  it('a server that dies: each request is reported once, as in doubt', async () => {
    await withHeld(async (held, driver, exchanges) => {
      for (const socket of held.sockets) socket.destroy()
      await until(() => driver.session.closed)
      assert.deepEqual(outcomes(exchanges), ['reset 10 lost false'])
    })
  })

  it('a server that destroys its session with a code resets what it has', async () => {
    await withHeld(async (held, driver, exchanges) => {
      for (const session of held.sessions) session.destroy(undefined, 11)
      await until(() => driver.session.openStreams === 0)
      assert.ok(outcomes(exchanges).every((outcome) => /^reset (\d+ peer|10 lost) false$/.test(outcome)))
    })
  })

  it('we say that we go: open requests are answered, and the server accepts it', async () => {
    await withHeld(async (held, driver, exchanges) => {
      const told: number[] = []
      held.sessions[0]?.on('goaway', (code) => told.push(code))
      driver.session.goAway()
      flush(driver)
      await until(() => told.length > 0)
      held.answer()
      await until(() => driver.session.openStreams === 0)
      assert.deepEqual([told, outcomes(exchanges)], [[0], ['end 200']])
    })
  })

  it('what we cancel is closed at the server too, and the rest is answered', async () => {
    await withHeld(async (held, driver, exchanges) => {
      const odd = exchanges.filter((_, position) => position % 2 === 1)
      for (const exchange of odd) driver.session.cancel(exchange)
      flush(driver)
      assert.equal(driver.session.openStreams, exchanges.length - odd.length)
      await until(() => held.cancelled === odd.length)
      held.answer()
      await until(() => driver.session.openStreams === 0)
      for (const [position, { outcome }] of exchanges.entries())
        assert.equal(outcome, position % 2 === 1 ? '' : 'end 200')
    })
  })
})
