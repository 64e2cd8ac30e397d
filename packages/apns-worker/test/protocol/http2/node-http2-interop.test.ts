import assert from 'node:assert/strict'
import { createServer, type Settings } from 'node:http2'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { until, within } from '../../support/within.js'
import { echoServer, listen, type Seen } from './support/echo-server.js'
import { Driver, Exchange } from './support/exchange-driver.js'
import { type Answer, askWithNode } from './support/node-client.js'
import { printedSeed } from './support/seed.js'

const seed = printedSeed()

const NAMED: Readonly<Record<string, Settings>> = {
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

const arbitrarySettings = fc.record({
  maxConcurrentStreams: fc.integer({ min: 1, max: 200 }),
  initialWindowSize: fc.constantFrom(1000, 16_384, 65_535, 1_000_000),
  maxFrameSize: fc.constantFrom(16_384, 20_000, 2 ** 24 - 1),
  headerTableSize: fc.constantFrom(0, 33, 100, 4096, 65_536),
})
const ARBITRARY = Object.fromEntries(
  fc.sample(arbitrarySettings, { numRuns: 4, seed }).map((settings) => [JSON.stringify(settings), settings]),
)

function bodiesOf(count: number): Buffer[] {
  return Array.from({ length: count }, (_, number) => {
    const size = number % 40 === 11 ? 100_000 : (number * 7919) % 700
    return Buffer.alloc(size, `body of ${number} `)
  })
}

function expectedOutcome(number: number): RegExp {
  if (number % 20 === 7) return /^reset 8 peer false$/
  if (number % 20 === 17) return /^reset 7 peer true$/
  return number % 10 === 3 ? /^end 410$/ : /^end 200$/
}

/** What ours got, in the words of `Answer`. */
function answerOf({ outcome, responseBody, fields }: Exchange): Answer {
  return { outcome: outcome.split(' ').slice(0, 2).join(' '), body: responseBody, fields }
}

describe('with node:http2 at the other end', () => {
  for (const [what, settings] of Object.entries({ ...NAMED, ...ARBITRARY })) {
    it(`each request and each answer arrives as it was sent, and as for Node's client, with ${what}`, async () => {
      const seen = new Map<number, Seen>()
      const server = echoServer(settings, seen)
      const port = await listen(server)
      const driver = new Driver(port)
      const { initialWindowSize = 65_535, maxConcurrentStreams = 100 } = settings
      const bodies = bodiesOf(initialWindowSize < 1000 || maxConcurrentStreams < 5 ? 200 : 1000)
      try {
        const exchanges = bodies.map((body, number) => new Exchange(number, body))
        await within(driver.send(exchanges), () => `${driver.done.length} of ${bodies.length} were answered`)
        assert.equal(seen.size, bodies.length)
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
        const theirs = await within(
          askWithNode(port, bodies, Math.min(maxConcurrentStreams, 20)),
          () => "Node's client waits",
        )
        assert.deepEqual(exchanges.map(answerOf), theirs)
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
      await until(
        () => driver.session.goingAway && driver.session.openStreams === 0,
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
