import assert from 'node:assert/strict'
import { type EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { beforeEach, describe, it } from 'node:test'
import { encodeCursor } from '#src/feedback/cursor.js'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { StoppedClock } from '../../../apns-worker/dist-test/support/stopped-clock.js'
import { until, within } from '../../../apns-worker/dist-test/support/within.js'
import { DeadTokenLog } from './dead-token-log.js'
import { type Answer, FeedbackSite } from './feedback-site.js'

failOnLeaks()

const SSE = { accept: 'text/event-stream' }
const HEARTBEAT_MS = 15_000
const STALL_MS = 20_000
/** More than the kernel takes for a client that does not read. */
const FLOOD = 60_000

const numbersOf = ({ events }: Answer): number[] => events.map(({ data }) => Number.parseInt(data.token, 16))

describe('a stream of events', () => {
  let log: DeadTokenLog
  beforeEach(() => {
    log = new DeadTokenLog()
  })

  it('has what there is and what comes, each with its cursor', async () => {
    using _clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log })
    log.add('news', 150)
    const answer = await site.ask('', SSE)
    assert.deepEqual([answer.status, answer.type], [200, 'text/event-stream'])
    assert.equal(answer.head.headers['cache-control'], 'no-store')
    await site.waiting(1)
    log.add('sport')
    site.follower.woken()
    await answer.has(`id: ${encodeCursor(151)}\n`)
    assert.deepEqual(
      numbersOf(answer),
      Array.from({ length: 151 }, (_, index) => index + 1),
    )
    assert.deepEqual(answer.events.at(-1)?.data.app, 'sport')
    assert.match(answer.text, /^retry: 3000\n\n/)
    answer.leave()
  })

  it('goes on behind the last event that a client had, whatever its address says', async () => {
    await using site = await FeedbackSite.start({ deadTokens: log })
    log.add('news', 5)
    const answer = await site.ask(`?after=${encodeCursor(1)}`, { ...SSE, 'last-event-id': encodeCursor(3) })
    await answer.has(`id: ${encodeCursor(5)}\n`)
    assert.deepEqual(numbersOf(answer), [4, 5])
    const other = await site.ask(`?after=${encodeCursor(4)}`, { ...SSE, 'last-event-id': '' })
    await other.has(`id: ${encodeCursor(5)}\n`)
    assert.deepEqual(numbersOf(other), [5])
    for (const each of [answer, other]) each.leave()
  })

  it('is never silent for long, and tells how far there was nothing', async () => {
    using clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log, heartbeatMs: HEARTBEAT_MS })
    const answer = await site.ask('?app=sport', SSE)
    await site.waiting(1)
    log.add('news', 4)
    site.follower.woken()
    await until(() => log.answers === 3)
    clock.advance(HEARTBEAT_MS)
    await answer.has(`:\nid: ${encodeCursor(4)}\n\n`)
    assert.deepEqual(answer.events, [])
    answer.leave()
  })

  it('ends when its time is over, for the client to show its key again', async () => {
    using clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log, streamMs: 60_000 })
    const answer = await site.ask('', SSE)
    for (let waits = 0; waits < 4; waits++) {
      assert.equal(answer.isOver, false)
      await site.waiting(1)
      await clock.pass(15_000)
    }
    await answer.ended()
  })

  it('ends politely when the server stops', async () => {
    using _clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log })
    log.add('news')
    const answers = [await site.ask('', SSE), await site.ask('', SSE)]
    await site.waiting(2)
    await site.api.close()
    for (const answer of answers) {
      await answer.ended()
      assert.equal(answer.head.complete, true)
      assert.match(answer.text, /\nretry: \d{4,5}\n\n$/)
      assert.deepEqual(numbersOf(answer), [1])
    }
  })

  it('is cut off, visibly, when the store fails', async () => {
    using clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log })
    log.add('news', 200)
    log.afterReading = () => {
      log.error = new Error('torn')
    }
    const answer = await site.ask('', SSE)
    await answer.ended()
    assert.equal(answer.head.complete, false)
    assert.match(site.log.join(''), /torn/)
    clock.advance(0)
  })

  for (const [form, accept] of [
    ['events', 'text/event-stream'],
    ['lines', 'application/x-ndjson'],
  ] as const) {
    it(`holds little for a client that does not read ${form}, and cuts it off`, async () => {
      using clock = new StoppedClock()
      await using site = await FeedbackSite.start({ deadTokens: log, stallMs: STALL_MS })
      log.add('news', FLOOD)
      const client = await readNothing(site.port, accept)
      const response = (): NonNullable<typeof site.response> =>
        site.response as NonNullable<typeof site.response>
      await until(() => site.response?.writableNeedDrain === true)
      // Whatever the kernel takes meanwhile: time stands still, so the client is slow for as long as this lasts.
      let asked = 0
      await until(() => {
        const isStill = log.queries.length === asked && response().writableNeedDrain
        asked = log.queries.length
        return isStill
      })
      assert.ok(asked < FLOOD / 100, `the store was asked ${asked} times`)
      assert.ok(response().writableLength < 100_000, `${response().writableLength} bytes wait`)
      clock.advance(STALL_MS - 1)
      assert.equal(response().destroyed, false)
      clock.advance(1)
      await until(() => response().destroyed)
      client.destroy()
    })
  }

  it('is not cut off for a client that is slow, and reads', async () => {
    using clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log, stallMs: STALL_MS })
    log.add('news', FLOOD)
    const client = await readNothing(site.port, 'application/x-ndjson')
    let rows = 0
    client.on('data', (bytes: Buffer) => {
      rows += bytes.toString('latin1').split('"token"').length - 1
    })
    client.pause()
    for (let naps = 0; naps < 3; naps++) {
      await until(() => site.response?.writableNeedDrain === true)
      const drained = once(site.response as EventEmitter, 'drain')
      clock.advance(STALL_MS - 1)
      client.resume()
      await within(drained, () => 'nothing was read')
      client.pause()
    }
    client.resume()
    await once(client, 'end')
    assert.ok(rows > FLOOD - 100, `${rows} rows`)
    client.destroy()
  })

  it('does not hold up a stop for a client that does not read', async () => {
    using clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log, stallMs: STALL_MS })
    log.add('news', FLOOD)
    const client = await readNothing(site.port, 'text/event-stream')
    await until(() => site.response?.writableNeedDrain === true)
    const closed = site.api.close()
    await until(() => {
      clock.advance(STALL_MS)
      return site.response?.destroyed === true
    })
    await closed
    client.destroy()
  })
})

async function readNothing(port: number, accept: string): Promise<Socket> {
  const client = connect({ port, host: '127.0.0.1' })
  client.on('error', () => {})
  client.pause()
  await once(client, 'connect')
  client.write(`GET /v1/feedback HTTP/1.1\r\nhost: localhost\r\naccept: ${accept}\r\n\r\n`)
  return client
}
