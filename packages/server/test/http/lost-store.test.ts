import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Outbox, OutboxError } from '@apns-worker/server'
import { boundedOutbox, type StoreBounds } from '#src/operations/bounded-outbox.js'
import { PAYLOAD, TestApi, TOKEN } from './support/test-api.js'

const MESSAGE = { app: 'news', payload: PAYLOAD, tokens: [TOKEN] }
const CALLS = ['append', 'message', 'messages'] as const

/** A store that answers nobody, while it is told not to; the one behind it answers otherwise. */
class Silence {
  is = false
  readonly #hanging: ((error: Error) => void)[] = []

  get unanswered(): number {
    return this.#hanging.length
  }

  /** Those calls of an outbox that the tests make. */
  before(real: Outbox, bounds: StoreBounds): Partial<Outbox> {
    const hang = (): Promise<never> => new Promise((_resolve, reject) => this.#hanging.push(reject))
    const silent = boundedOutbox(new Proxy(real, { get: () => hang }), bounds)
    const calls = CALLS.map((name) => {
      const call = (...values: unknown[]): unknown => {
        const outbox = this.is ? silent : real
        return (outbox[name] as (...given: unknown[]) => unknown).apply(outbox, values)
      }
      return [name, call]
    })
    return Object.fromEntries(calls) as Partial<Outbox>
  }

  cut(): void {
    for (const fail of this.#hanging) fail(new OutboxError('STORE_UNAVAILABLE', 'the connection is gone'))
  }
}

test('what the store does not answer in time is 503; whether it was stored is said not to be known', () => {
  const silence = new Silence()
  const outbox = (real: Outbox): Partial<Outbox> => silence.before(real, { limitMs: 20 })
  return TestApi.with({ outbox }, async (api) => {
    silence.is = true
    const read = await api.get('/v1/messages')
    assert.deepEqual([read.status, read.json.code], [503, 'STORE_FAILED'])
    const posted = await api.post('/v1/messages', MESSAGE, { 'idempotency-key': 'one' })
    assert.deepEqual([posted.status, posted.json.code], [503, 'STORE_IN_DOUBT'])
    assert.ok(Number(posted.headers['retry-after']) > 0)
    assert.match(posted.json.detail, /not known/)
    silence.is = false
    const again = await api.post('/v1/messages', MESSAGE, { 'idempotency-key': 'one' })
    assert.equal(again.status, 202)
  })
})

test('requests do not pile up before a store that is silent: they are refused at once', () => {
  let now = 0
  const silence = new Silence()
  const bounds = { limitMs: 60_000, stalledMs: 5000, now: () => now }
  return TestApi.with({ outbox: (real) => silence.before(real, bounds) }, async (api) => {
    const id = await api.send()
    silence.is = true
    const first = api.get(`/v1/messages/${id}`)
    while (silence.unanswered === 0) await new Promise((resolve) => setImmediate(resolve))
    now = 5000
    for (const url of ['/v1/messages', `/v1/messages/${id}`]) {
      const refused = await api.get(url)
      assert.deepEqual([refused.status, refused.json.code], [503, 'STORE_FAILED'])
    }
    const posted = await api.post('/v1/messages', MESSAGE)
    assert.deepEqual([posted.status, posted.json.code], [503, 'STORE_FAILED'])
    assert.match(posted.json.detail, /nothing was stored/)
    assert.equal(silence.unanswered, 1)
    silence.cut()
    assert.equal((await first).status, 503)
  })
})

test('an upload that loses the store midway says how much of it was stored', () => {
  let isLost = false
  const lost = (): Promise<never> =>
    Promise.reject(new OutboxError('STORE_UNAVAILABLE', 'the connection is gone'))
  const outbox = (real: Outbox): Partial<Outbox> => ({
    message: (id) => (isLost ? lost() : real.message(id)),
    addTokens: async (...given) => {
      if (isLost) return lost()
      isLost = true
      return real.addTokens(...given)
    },
  })
  return TestApi.with({ outbox }, async (api) => {
    const id = await api.send({ tokens: undefined })
    const lines = Array.from({ length: 30_000 }, (_, index) => index.toString(16).padStart(64, '0'))
    // Over a socket, so that it comes in many pieces.
    const port = await api.listen()
    const response = await fetch(`http://127.0.0.1:${port}/v1/messages/${id}/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: `${lines.join('\n')}\n`,
    })
    const problem = JSON.parse(await response.text()) as Record<string, unknown>
    assert.deepEqual([response.status, problem['code']], [503, 'STORE_FAILED'])
    isLost = false
    const { total } = await api.outbox.message(id)
    assert.ok(total > 0 && total < lines.length, `${total}`)
    assert.equal(problem['total'], total)
  })
})
