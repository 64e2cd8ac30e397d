import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { type Delivery, Message, type Outcome } from 'apns-worker'
import { freePort } from '../support/free-port.js'
import { failOnLeaks } from '../support/leaks.js'
import { Sender } from '../support/sender.js'
import { until } from '../support/within.js'
import { BackEnd } from './back-end.js'
import type { Feature, FrontEnd, FrontEndKind, FrontEndSettings } from './front-end.js'
import { startRelay } from './relay.js'
import { ACCEPTED_TOKENS, REFUSED_TOKENS } from './tokens.js'

const STREAMS = 100
/** As large as Apple takes. */
const LARGE_PAYLOAD = { aps: { alert: 'hello' }, filling: 'x'.repeat(4050) }
const SMALL_WINDOW = 1023

/** What one test has to do with: a server, what is behind it, and a way to start another in its place. */
interface Scene {
  readonly tls: FrontEndSettings['tls']
  readonly backEnd: BackEnd
  readonly server: FrontEnd
  readonly another: () => Promise<FrontEnd>
}

/** The same tests for every server that speaks HTTP/2: each test that its features permit, with both versions of TLS. */
export function conformance(kind: FrontEndKind): void {
  failOnLeaks()
  for (const tls of ['TLSv1.2', 'TLSv1.3'] as const) {
    describe(`${kind.name}, ${tls}`, { skip: kind.missing }, () => {
      for (const { what, features = [], settings = {}, test } of TESTS) {
        if (!features.every((feature) => kind.features.has(feature))) continue
        it(what, async () => {
          await using backEnd = await BackEnd.start()
          const port = await freePort()
          const another = (): Promise<FrontEnd> => kind.start({ tls, ...settings }, backEnd, port)
          await using server = await another()
          await test({ tls, backEnd, server, another }, kind)
        })
      }
    })
  }
}

interface ConformanceTest {
  readonly what: string
  readonly features?: readonly Feature[]
  readonly settings?: Omit<FrontEndSettings, 'tls'>
  readonly test: (scene: Scene, kind: FrontEndKind) => Promise<void>
}

const TESTS: readonly ConformanceTest[] = [
  {
    what: 'negotiates this version of TLS, and HTTP/2',
    test: async ({ tls, server }) => {
      assert.equal(await negotiated(server), `${tls} h2`)
    },
  },
  {
    what: 'accepts thousands, refuses others, and each answer is understood',
    test: async ({ backEnd, server }, kind) => {
      await using sender = new Sender(server, { maxConnections: 2 })
      const tokens = ACCEPTED_TOKENS.flatMap((token, index) => [token, REFUSED_TOKENS[index] ?? token])
      const outcomes = await sender.outcomes(sender.send(tokens))
      for (const outcome of outcomes) assert.equal(describeOutcome(outcome), expected(outcome.token, kind))
      assert.equal(sender.apns.stats().retried, 0)
      assert.deepEqual(sender.warnings, [])
      if (kind.features.has('asks the back end')) assert.equal(backEnd.arrivals.size, tokens.length)
      assert.deepEqual(backEnd.repeated, [])
    },
  },
  {
    what: 'gets payloads of 4 kB whole, through windows smaller than they are',
    features: ['limits windows'],
    settings: { initialWindowSize: SMALL_WINDOW },
    test: async ({ backEnd, server }, kind) => {
      await using sender = new Sender(server, { maxConnections: 2 })
      const tokens = ACCEPTED_TOKENS.slice(0, 500)
      await sender.accepted(sender.sendMessage(new Message(tokens, LARGE_PAYLOAD)))
      assert.equal(sender.apns.stats().retried, 0)
      if (kind.features.has('asks the back end'))
        assert.deepEqual([...backEnd.bodies], [[JSON.stringify(LARGE_PAYLOAD), tokens.length]])
    },
  },
  {
    what: 'gets no more requests at a time than it permits, and as many',
    features: ['limits streams'],
    settings: { maxConcurrentStreams: 5 },
    test: async ({ backEnd, server }, kind) => {
      await using sender = new Sender(server, { maxConnections: 1 })
      // The first few come while the limit is not known yet.
      backEnd.holdAfter = 100
      const delivery = sender.send(ACCEPTED_TOKENS.slice(0, 500))
      if (kind.features.has('asks the back end')) await until(() => backEnd.open.size === 5)
      backEnd.release()
      await sender.accepted(delivery)
      assert.ok(backEnd.mostOpen <= 5)
      assert.equal(sender.apns.stats().retried, 0)
      assert.deepEqual(sender.warnings, [])
    },
  },
  {
    what: 'that quits while it is busy loses nothing, and gets nothing twice',
    features: ['asks the back end', 'quits'],
    settings: { maxConcurrentStreams: STREAMS },
    test: async ({ backEnd, server, another }) => {
      await using sender = new Sender(server, { maxConnections: 2, retryDelay: 0.01 })
      const delivery = sender.send(ACCEPTED_TOKENS)
      await until(() => backEnd.received > 500)
      await server.quit()
      await using _next = await another()
      assert.ok(delivery.pending > 0)
      await sender.accepted(delivery)
      assert.deepEqual([backEnd.arrivals.size, backEnd.repeated], [ACCEPTED_TOKENS.length, []])
      await until(() => server.ended)
    },
  },
  {
    what: 'that reloads while it is busy loses nothing, and gets nothing twice',
    features: ['asks the back end', 'reloads'],
    settings: { maxConcurrentStreams: STREAMS },
    test: async ({ backEnd, server }) => {
      await using relay = await startRelay(server.environment)
      await using sender = new Sender(relay, { maxConnections: 1, retryDelay: 0.01 })
      const deliveries: Delivery[] = []
      // Busy for as long as it takes.
      const busyUntil = (condition: () => boolean): Promise<void> =>
        until(() => {
          if (sender.apns.stats().queued < STREAMS)
            deliveries.push(sender.send(ACCEPTED_TOKENS.slice(0, 200)))
          return condition()
        })
      for (let connections = 1; connections <= 2; connections++) {
        const { received } = backEnd
        await busyUntil(() => backEnd.received > received + 200)
        server.reload()
        await busyUntil(() => relay.connections > connections)
      }
      for (const delivery of deliveries) await sender.accepted(delivery)
      const sent = deliveries.reduce((sum, { message }) => sum + message.length, 0)
      assert.deepEqual([backEnd.arrivals.size, backEnd.repeated], [sent, []])
    },
  },
  {
    what: 'that is killed gets again what it had not answered, and nothing else',
    features: ['asks the back end'],
    settings: { maxConcurrentStreams: STREAMS },
    test: async (scene) => {
      const { outcomes, held } = await killed(scene, 'resend')
      assert.ok(outcomes.every(({ status }) => status === 'accepted'))
      assert.deepEqual(scene.backEnd.repeated.toSorted(), held)
    },
  },
  {
    what: 'that is killed leaves in doubt what it had not answered, where that must not arrive twice',
    features: ['asks the back end'],
    settings: { maxConcurrentStreams: STREAMS },
    test: async (scene) => {
      const { outcomes, held } = await killed(scene, 'drop')
      const unknown = outcomes.filter(({ status }) => status === 'unknown').map(({ apnsId }) => apnsId)
      assert.deepEqual(unknown.toSorted(), held)
      assert.equal(
        outcomes.filter(({ status }) => status === 'accepted').length,
        outcomes.length - held.length,
      )
      assert.deepEqual(scene.backEnd.repeated, [])
    },
  },
  {
    what: 'that is killed again and again gets everything in the end',
    test: async ({ server, another }) => {
      await using sender = new Sender(server, { retryDelay: 0.01 })
      const delivery = sender.send(ACCEPTED_TOKENS)
      let running = server
      for (const share of [0.2, 0.4, 0.6]) {
        await until(() => delivery.succeeded > delivery.message.length * share)
        await running.kill()
        assert.ok(delivery.pending > 0)
        running = await another()
      }
      await sender.accepted(delivery)
      await running[Symbol.asyncDispose]()
    },
  },
  {
    what: 'that lets a connection have so many requests is connected to again and again',
    features: ['asks the back end', 'limits requests'],
    settings: { requestsPerConnection: 100, maxConcurrentStreams: 20 },
    test: async ({ backEnd, server }) => {
      await using relay = await startRelay(server.environment)
      await using sender = new Sender(relay, { maxConnections: 1 })
      await sender.accepted(sender.send(ACCEPTED_TOKENS))
      assert.deepEqual([backEnd.arrivals.size, backEnd.repeated], [ACCEPTED_TOKENS.length, []])
      // Servers let a few more requests pass.
      assert.ok(relay.connections >= ACCEPTED_TOKENS.length / 150, `${relay.connections} connections`)
    },
  },
  {
    what: 'that closes what is idle is connected to again when there is something to send',
    features: ['closes what is idle'],
    settings: { idleSeconds: 0.2 },
    test: async ({ server }) => {
      await using sender = new Sender(server)
      await sender.accepted(sender.send(ACCEPTED_TOKENS.slice(0, 10)))
      await until(() => sender.apns.stats().connections === 0)
      await sender.accepted(sender.send(ACCEPTED_TOKENS.slice(0, 20)))
      assert.equal(sender.apns.stats().retried, 0)
    },
  },
  {
    what: 'that speaks HTTP/1.1 alone is a configuration error, which says so',
    features: ['speaks HTTP/1.1'],
    settings: { protocol: 'http/1.1' },
    test: async ({ server }) => {
      await using sender = new Sender(server)
      const delivery = sender.send(20)
      const error = await sender.stopped()
      assert.deepEqual([error.code, error.reason], ['configuration', 'TlsHandshake'])
      assert.match(error.description, /no application protocol|does not speak HTTP\/2/)
      assert.equal(delivery.pending, 20)
    },
  },
]

/** Kills the server while all of its streams wait for their answers, and starts another. */
async function killed(
  { backEnd, server, another }: Scene,
  ambiguous: 'resend' | 'drop',
): Promise<{ outcomes: Outcome[]; held: string[] }> {
  await using sender = new Sender(server, { maxConnections: 1, retryDelay: 0.01 })
  backEnd.holdAfter = 500
  const delivery = sender.send(ACCEPTED_TOKENS, { ambiguous })
  // A stream is taken again only when its last answer has been read, so that nothing else is in doubt.
  await until(() => backEnd.open.size === STREAMS)
  const held = [...backEnd.open].toSorted()
  await server.kill()
  backEnd.release()
  await using _next = await another()
  return { outcomes: await sender.outcomes(delivery), held }
}

function describeOutcome({ status, error }: Outcome): string {
  return error === undefined ? status : `${status} ${error.httpStatus} ${error.reason}`
}

function expected(token: string, kind: FrontEndKind): string {
  if (token.startsWith('aa')) return 'accepted'
  if (!kind.features.has('asks the back end')) return 'refused 404 HTTP 404'
  return token.startsWith('40') ? 'refused 400 DeviceTokenNotForTopic' : 'refused 410 Unregistered'
}

/** The version of TLS and the protocol that a client gets which offers what the library offers. */
async function negotiated({ environment: { host, port, ca } }: FrontEnd): Promise<string> {
  const socket = connectTls({ host, port: Number(port), ca: String(ca), ALPNProtocols: ['h2'] })
  await once(socket, 'secureConnect')
  const found = `${socket.getProtocol()} ${socket.alpnProtocol}`
  socket.destroy()
  await once(socket, 'close')
  return found
}
