import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter, once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { encodeCursor } from '#src/feedback/cursor.js'
import { failOnLeaks } from '../../../../apns-worker/dist-test/support/leaks.js'
import { StoppedClock } from '../../../../apns-worker/dist-test/support/stopped-clock.js'
import { ELSEWHERE } from '../../../../apns-worker/dist-test/support/test-identity.js'
import { until, within } from '../../../../apns-worker/dist-test/support/within.js'
import { DeadTokenLog, RECORDED_MS } from '../dead-token-log.js'
import { type Delivery, Receiver } from './receiver.js'
import { SECRET, WebhookRig } from './webhook-rig.js'

failOnLeaks()

const NOW_MS = RECORDED_MS + 5000

describe('a webhook', () => {
  let clock: StoppedClock
  let receiver: Receiver
  let url: string
  beforeEach(async () => {
    clock = new StoppedClock(NOW_MS)
    receiver = await Receiver.start()
    url = `https://localhost:${receiver.port}/hooks/dead?of=news`
  })
  afterEach(async () => {
    await receiver[Symbol.asyncDispose]()
    clock[Symbol.dispose]()
  })

  /** The first answers are these, the others 204. */
  const answerFirst = (...answers: ((delivery: Delivery) => void)[]): void => {
    const { answer } = receiver
    receiver.answer = (delivery) => (answers.shift() ?? answer)(delivery)
  }
  const status =
    (code: number, headers: Record<string, string> = {}) =>
    ({ response }: Delivery): void => {
      response.writeHead(code, headers).end('no')
    }

  it('tells of dead tokens in batches, in order, and keeps its place', async () => {
    await using rig = new WebhookRig({ url })
    rig.add(5)
    await rig.at(5)
    assert.deepEqual(receiver.numbers, [[1, 2], [3, 4], [5]])
    assert.deepEqual(rig.places, [2, 4, 5])
    rig.add(1)
    await rig.at(6)
    assert.deepEqual(receiver.numbers.at(-1), [6])
    assert.equal(rig.webhook.status().delivered, 6)
  })

  it('says what is known of each, as the API does, and signs it', async () => {
    await using rig = new WebhookRig({ url })
    rig.add(1)
    await rig.at(1)
    const [delivery] = receiver.deliveries
    const { url: path, headers, text = '' } = delivery ?? {}
    const [entry] = rig.log.entries
    assert.equal(path, '/hooks/dead?of=news')
    assert.deepEqual(JSON.parse(text), {
      type: 'feedback',
      timestamp: '2026-07-02T12:00:00.000Z',
      data: {
        items: [
          {
            ...{ token: entry?.token, when: '2026-07-01T12:00:00.000Z', app: 'news', environment: 'sandbox' },
            ...{
              reason: 'Unregistered',
              messageId: entry?.messageId,
              recordedAt: '2026-07-02T12:00:00.000Z',
            },
            cursor: encodeCursor(1),
          },
        ],
        next: encodeCursor(1),
      },
    })
    assert.equal(headers?.['content-type'], 'application/json')
    assert.equal(headers?.['webhook-timestamp'], String(NOW_MS / 1000))
    const signed = [headers?.['webhook-id'], headers?.['webhook-timestamp'], text].join('.')
    const signature = createHmac('sha256', SECRET).update(signed).digest('base64')
    assert.equal(headers?.['webhook-signature'], `v1,${signature}`)
  })

  it('tries again what failed, ever more slowly, as the same request at another time; nothing overtakes it', async () => {
    await using rig = new WebhookRig({ url })
    answerFirst(status(500), status(503), status(404), status(410))
    rig.add(3)
    let failures = 0
    for (const seconds of [1, 2, 4, 8]) {
      await rig.failed(++failures)
      clock.advance(seconds * 1000 - 1)
      assert.equal(receiver.deliveries.length, failures)
      clock.advance(1)
      await receiver.has(failures + 1)
    }
    await rig.at(3)
    assert.deepEqual(receiver.numbers, [[1, 2], [1, 2], [1, 2], [1, 2], [1, 2], [3]])
    const tries = receiver.deliveries.slice(0, 5)
    assert.equal(new Set(tries.map(({ headers }) => headers['webhook-id'])).size, 1)
    assert.equal(new Set(tries.map(({ text }) => text)).size, 1)
    assert.deepEqual(
      tries.map(({ headers }) => Number(headers['webhook-timestamp']) - NOW_MS / 1000),
      [0, 1, 3, 7, 15],
    )
    assert.notEqual(receiver.deliveries[5]?.headers['webhook-id'], tries[0]?.headers['webhook-id'])
  })

  it('never waits longer than five minutes of its own accord, and never gives up', async () => {
    await using rig = new WebhookRig({ url })
    receiver.answer = status(500)
    rig.add(1)
    for (let failures = 1; failures <= 40; failures++) {
      await rig.failed(failures)
      clock.advance(300_000)
    }
  })

  it('waits as long as the receiver asks for', async () => {
    await using rig = new WebhookRig({ url })
    const date = new Date(NOW_MS + 600_000).toUTCString()
    answerFirst(status(429, { 'retry-after': '120' }), status(503, { 'retry-after': date }))
    rig.add(1)
    await rig.failed(1)
    assert.equal(rig.webhook.status().nextAttemptAtMs, NOW_MS + 120_000)
    clock.advance(119_999)
    assert.equal(receiver.deliveries.length, 1)
    clock.advance(1)
    await rig.failed(2)
    assert.equal(rig.webhook.status().nextAttemptAtMs, NOW_MS + 600_000)
    clock.advance(480_000)
    await rig.at(1)
  })

  it('gives up on an answer that does not come, and tries again', async () => {
    await using rig = new WebhookRig({ url, timeoutMs: 10_000 })
    answerFirst(() => {})
    rig.add(1)
    await receiver.has(1)
    clock.advance(9999)
    assert.equal(rig.webhook.status().failures, 0)
    clock.advance(1)
    await rig.failed(1)
    assert.equal(rig.webhook.status().lastError?.message, 'no answer within 10 s')
    clock.advance(1000)
    await rig.at(1)
  })

  it('takes the status of an answer whose end does not come', async (t) => {
    const received = new EventEmitter()
    const hear = (): void => void received.emit('head')
    subscribe('http.client.response.finish', hear)
    t.after(() => unsubscribe('http.client.response.finish', hear))
    await using rig = new WebhookRig({ url, timeoutMs: 10_000 })
    answerFirst(({ response }) => {
      response.writeHead(200).write('and')
    })
    rig.add(1)
    await within(once(received, 'head'), () => 'no head')
    clock.advance(10_000)
    await rig.at(1)
    assert.deepEqual(receiver.numbers, [[1]])
  })

  it('reads no more than the beginning of a huge answer', async () => {
    await using rig = new WebhookRig({ url })
    let written = 0
    let isCutOff = false
    answerFirst(({ response }) => {
      response.writeHead(200).on('close', () => (isCutOff = true))
      const chunk = Buffer.alloc(65_536)
      const write = (): void => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length
        if (!response.destroyed) response.once('drain', write)
      }
      write()
    })
    rig.add(1)
    await rig.at(1)
    await until(() => isCutOff)
    assert.ok(written < 50_000_000, `${written} bytes`)
  })

  it('follows no redirect', async () => {
    await using other = await Receiver.start()
    await using rig = new WebhookRig({ url })
    answerFirst(status(307, { location: `https://localhost:${other.port}/` }))
    rig.add(1)
    await rig.failed(1)
    assert.match(rig.webhook.status().lastError?.message ?? '', /307, and redirects are not followed/)
    clock.advance(1000)
    await rig.at(1)
    assert.equal(other.connections, 0)
  })

  it('sends nothing to who has another’s certificate, or nobody’s, whatever the environment says', async (t) => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    t.after(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    })
    await using impostor = await Receiver.start(ELSEWHERE)
    await using rig = new WebhookRig({ url: `https://localhost:${impostor.port}/` })
    rig.add(1)
    await rig.failed(1)
    assert.ok(impostor.connections > 0)
    assert.deepEqual(impostor.deliveries, [])
    // An authority that is trusted, and another's name.
    await using named = new WebhookRig({ url: `https://localhost:${impostor.port}/`, ca: ELSEWHERE.cert })
    named.add(1)
    await named.failed(1)
    assert.match(named.webhook.status().lastError?.message ?? '', /does not match certificate/)
    assert.deepEqual(impostor.deliveries, [])
  })

  it('tries smaller batches where the receiver says that they are too large', async () => {
    await using rig = new WebhookRig({ url, batchSize: 8 })
    receiver.answer = ({ items, response }) => response.writeHead(items.length > 3 ? 413 : 204).end()
    rig.add(8)
    await rig.at(8)
    assert.deepEqual(receiver.numbers.slice(2), [
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ])
  })

  it('asks no faster where a single one is too large', async () => {
    await using rig = new WebhookRig({ url, batchSize: 1 })
    receiver.answer = status(413)
    rig.add(1)
    await rig.failed(1)
    assert.equal(receiver.deliveries.length, 1)
  })

  it('sends no further batch before its place is kept', async () => {
    await using rig = new WebhookRig({ url })
    rig.error = new Error('the disk is full')
    rig.add(4)
    await rig.failed(1)
    clock.advance(1000)
    await rig.failed(2)
    assert.deepEqual(receiver.numbers, [[1, 2]])
    rig.error = undefined
    clock.advance(2000)
    await rig.at(4)
    assert.deepEqual(receiver.numbers, [
      [1, 2],
      [3, 4],
    ])
  })

  it('outlives a log that cannot be read', async () => {
    const log = new DeadTokenLog()
    log.add('news')
    log.error = new Error('locked')
    await using rig = new WebhookRig({ url }, log)
    await rig.failed(1)
    log.error = undefined
    clock.advance(1000)
    await rig.at(1)
  })

  it('goes on where it was', async () => {
    const log = new DeadTokenLog()
    const places: number[] = []
    {
      await using rig = new WebhookRig({ url }, log, places)
      rig.add(3)
      await rig.at(3)
    }
    log.add('news', 2)
    await using rig = new WebhookRig({ url }, log, places)
    await rig.at(5)
    assert.deepEqual(receiver.numbers, [[1, 2], [3], [4, 5]])
  })

  it('keeps the place of what is taken while it stops, and begins nothing more', async () => {
    await using rig = new WebhookRig({ url })
    let answer: (() => void) | undefined
    answerFirst((delivery) => {
      answer = () => status(204)(delivery)
    })
    rig.add(4)
    await receiver.has(1)
    const stopped = rig.webhook.stop()
    answer?.()
    await within(stopped, () => 'not stopped')
    assert.deepEqual(rig.places, [2])
    assert.deepEqual(receiver.numbers, [[1, 2]])
  })

  it('stops in time, though the receiver does not answer, or is waited for', async () => {
    const silent = new WebhookRig({ url })
    receiver.answer = () => {}
    silent.add(1)
    await receiver.has(1)
    const stopped = silent.webhook.stop(5000)
    clock.advance(5000)
    await within(stopped, () => 'not stopped')
    assert.deepEqual(silent.places, [])
    silent.follower.close()

    await using refused = new WebhookRig({ url })
    receiver.answer = status(500)
    refused.add(1)
    await refused.failed(1)
    await within(refused.webhook.stop(), () => 'not stopped')
  })

  it('says how it is', async () => {
    await using rig = new WebhookRig({ url })
    const idle = { delivered: 0, failures: 0, lastSuccessAtMs: undefined, lastError: undefined }
    assert.deepEqual(rig.webhook.status(), { ...idle, nextAttemptAtMs: undefined, lagMs: 0 })
    answerFirst(status(500))
    rig.add(1)
    await rig.failed(1)
    const lastError = { atMs: NOW_MS, message: 'the receiver answered 500' }
    const failing = { ...idle, failures: 1, lastError, nextAttemptAtMs: NOW_MS + 1000, lagMs: 5000 }
    assert.deepEqual(rig.webhook.status(), failing)
    clock.advance(1000)
    await rig.at(1)
    await until(() => rig.webhook.status().failures === 0)
    const well = { delivered: 1, failures: 0, lastSuccessAtMs: NOW_MS + 1000, lastError }
    assert.deepEqual(rig.webhook.status(), { ...well, nextAttemptAtMs: undefined, lagMs: 0 })
  })

  it('logs neither its secret nor more of its address than the host', async () => {
    await using rig = new WebhookRig({ url: url.replace('dead', 'key-in-path') })
    answerFirst(status(500), ({ response }) => response.destroy())
    rig.add(1)
    await rig.failed(1)
    clock.advance(1000)
    await rig.failed(2)
    clock.advance(2000)
    await rig.at(1)
    const log = rig.lines.join('')
    assert.match(log, /"receiver":"localhost:\d+"/)
    assert.match(log, /works again/)
    for (const secret of [SECRET, 'key-in-path', 'of=news', rig.log.entries[0]?.token ?? '']) {
      assert.ok(!log.includes(secret), secret)
    }
  })
})
