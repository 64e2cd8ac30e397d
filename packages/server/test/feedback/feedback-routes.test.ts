import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { beforeEach, describe, it } from 'node:test'
import { encodeCursor } from '#src/feedback/cursor.js'
import { failOnLeaks } from '../../../apns-worker/dist-test/support/leaks.js'
import { StoppedClock } from '../../../apns-worker/dist-test/support/stopped-clock.js'
import { DeadTokenLog } from './dead-token-log.js'
import { type Answer, FeedbackSite, KEY, POLL_MS } from './feedback-site.js'

failOnLeaks()

const authorized = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })
const tokensOf = ({ body }: Answer): number[] => body.items.map(({ token }) => Number.parseInt(token, 16))

describe('GET /v1/feedback', () => {
  let log: DeadTokenLog
  beforeEach(() => {
    log = new DeadTokenLog()
  })

  it('tells what is known of each dead token, and where to go on', async () => {
    await using site = await FeedbackSite.start({ deadTokens: log })
    const [dead] = log.add('news@production')
    log.add('news')
    const answer = await site.json('')
    assert.equal(answer.status, 200)
    assert.match(answer.type, /^application\/json/)
    assert.equal(answer.head.headers['cache-control'], 'no-store')
    assert.deepEqual(answer.body.items[0], {
      token: dead?.token,
      when: '2026-07-01T12:00:00.000Z',
      app: 'news',
      environment: 'production',
      reason: 'Unregistered',
      messageId: dead?.messageId,
      recordedAt: '2026-07-02T12:00:00.000Z',
      cursor: encodeCursor(1),
    })
    assert.equal(answer.body.items[1]?.environment, 'sandbox')
    assert.equal(answer.body.next, encodeCursor(2))
  })

  it('pages, from a page’s end and from any item, and says the same again at the end', async () => {
    await using site = await FeedbackSite.start({ deadTokens: log })
    log.add('news', 5)
    const first = await site.json('?limit=2')
    assert.deepEqual(tokensOf(first), [1, 2])
    const second = await site.json(`?limit=2&after=${first.body.next}`)
    assert.deepEqual(tokensOf(second), [3, 4])
    assert.deepEqual(tokensOf(await site.json(`?after=${second.body.items[0]?.cursor}`)), [4, 5])
    const last = await site.json(`?after=${encodeCursor(5)}`)
    assert.deepEqual(last.body, { items: [], next: encodeCursor(5) })
  })

  it('keeps to an app, with messages that named another environment', async () => {
    await using site = await FeedbackSite.start({ deadTokens: log })
    for (const lane of ['news', 'sport', 'sport@production', 'news']) log.add(lane)
    assert.deepEqual(tokensOf(await site.json('?app=sport')), [2, 3])
    assert.equal((await site.json('?app=chess')).body.code, 'UNKNOWN_APP')
  })

  it('tells a key of its own apps alone', async () => {
    await using site = await FeedbackSite.start({ deadTokens: log, hasKeys: true })
    for (const lane of ['news', 'sport', 'news@production', 'sport@production', 'sport-2']) log.add(lane)
    assert.deepEqual(tokensOf(await site.json('', authorized(KEY))), [2, 4])
    const other = await site.json('?app=news', authorized(KEY))
    assert.deepEqual([other.status, other.body.code], [404, 'UNKNOWN_APP'])
    assert.equal((await site.json('')).status, 401)
    assert.equal((await site.json('', authorized('send-only'))).status, 403)
  })

  it('is for an app that is configured no longer, too', async () => {
    await using site = await FeedbackSite.start({ deadTokens: log })
    log.add('chess')
    const [item] = (await site.json('')).body.items
    assert.deepEqual([item?.app, item?.environment], ['chess', undefined])
  })

  it('says what is wrong with a request', async () => {
    await using site = await FeedbackSite.start({ deadTokens: log })
    const wrong = [
      ...['?after=17', `?after=${encodeCursor(1).slice(1)}`, '?after=', '?after=a&after=b'],
      ...['?limit=0', '?limit=10001', '?limit=many', '?wait=-1', '?wait=51', '?wait=x', '?other=1', '?app='],
    ]
    for (const query of wrong) {
      const answer = await site.json(query)
      assert.deepEqual([answer.status, answer.type], [400, 'application/problem+json'], query)
      assert.equal(answer.body.code, 'BAD_PARAMETER', query)
    }
    const sse = { accept: 'text/event-stream', 'last-event-id': '17' }
    const { status, body } = await site.json('', sse)
    assert.deepEqual([status, body.errors[0]?.parameter], [400, 'Last-Event-ID'])
    assert.equal((await site.json('', { accept: 'image/png' })).status, 406)
  })

  it('answers a HEAD at once, whatever it would wait for', async () => {
    await using site = await FeedbackSite.start({ deadTokens: log })
    const answer = await site.ask('?wait=50', { accept: 'text/event-stream' }, 'HEAD')
    await answer.ended()
    assert.deepEqual([answer.status, answer.type], [200, 'application/json; charset=utf-8'])
  })

  it('says so when the store cannot be read', async () => {
    await using site = await FeedbackSite.start({ deadTokens: log })
    log.error = new Error('torn')
    for (const accept of ['application/json', 'application/x-ndjson', 'text/event-stream']) {
      const answer = await site.json('?wait=1', { accept })
      assert.deepEqual([answer.status, answer.type], [500, 'application/problem+json'], accept)
    }
  })

  it('is in the OpenAPI document, with the forms of its answer', async () => {
    await using site = await FeedbackSite.start({ deadTokens: log })
    const document = await fetch(`http://127.0.0.1:${site.port}/v1/openapi.json`)
    const { get } = JSON.parse(await document.text()).paths['/v1/feedback']
    assert.deepEqual(get.security, [{ apiKey: ['read'] }])
    assert.deepEqual(Object.keys(get.responses[200].content), [
      ...['application/json', 'application/x-ndjson', 'text/event-stream'],
    ])
  })

  it('comes line by line, all of it, or as much as is asked for', async () => {
    await using site = await FeedbackSite.start({ deadTokens: log })
    log.add('news', 250)
    const accept = 'application/x-ndjson'
    const lines = async (query: string): Promise<number[]> => {
      const answer = await site.json(query, { accept })
      assert.equal(answer.type, accept)
      const rows = answer.text.split('\n').slice(0, -1)
      return rows.map((row) => Number.parseInt(JSON.parse(row).token, 16))
    }
    assert.deepEqual(
      await lines(''),
      Array.from({ length: 250 }, (_, index) => index + 1),
    )
    log.queries.length = 0
    assert.equal((await lines('?limit=130')).length, 130)
    assert.equal(log.queries.length, 2)
    assert.deepEqual(await lines(`?after=${encodeCursor(248)}`), [249, 250])
    assert.deepEqual(await lines(`?after=${encodeCursor(250)}`), [])
  })
})

describe('a long poll', () => {
  let log: DeadTokenLog
  beforeEach(() => {
    log = new DeadTokenLog()
  })

  it('is answered as soon as there is something', async () => {
    using _clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log })
    const answer = site.json('?wait=30')
    await site.waiting(1)
    log.add('news')
    site.follower.woken()
    assert.deepEqual(tokensOf(await answer), [1])
  })

  it('is answered at once where there is something already', async () => {
    using _clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log })
    log.add('news')
    assert.deepEqual(tokensOf(await site.json('?wait=30')), [1])
  })

  it('is answered when its time is over, and not before; where to go on is behind what was for others', async () => {
    using clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log })
    const asked = site.json('?wait=30&app=sport')
    await site.waiting(1)
    log.add('news', 3)
    for (let second = 0; second < 29; second++) await clock.pass(POLL_MS)
    assert.equal(site.follower.waiting, 1)
    clock.advance(1000)
    const { status, body } = await asked
    assert.deepEqual([status, body], [200, { items: [], next: encodeCursor(3) }])
  })

  it('waits for lines as well', async () => {
    using _clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log })
    const answer = site.json('?wait=30', { accept: 'application/x-ndjson' })
    await site.waiting(1)
    log.add('news')
    site.follower.woken()
    assert.equal(JSON.parse((await answer).text).cursor, encodeCursor(1))
  })

  for (const [way, go] of [
    ['closes', (socket: Socket) => socket.end()],
    ['is gone', (socket: Socket) => socket.destroy()],
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
  ] as const) {
    it(`is over when its client ${way}, and its place is another’s`, async () => {
      using _clock = new StoppedClock()
      await using site = await FeedbackSite.start({ deadTokens: log, maxWaiting: 1 })
      // Not `fetch`: when it lets go of its connection, and whether it does, is its own affair, and no limit is on it.
      const asked = site.begin('?wait=30').on('error', () => {})
      await site.waiting(1)
      if (asked.socket !== null) go(asked.socket)
      await site.waiting(0)
      const next = site.json('?wait=30')
      await site.waiting(1)
      log.add('news')
      site.follower.woken()
      assert.deepEqual(tokensOf(await next), [1])
    })
  }

  it('is refused where too many wait, and those who do not wait are served', async () => {
    using _clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log, maxWaiting: 2 })
    const first = site.json('?wait=30')
    const stream = await site.ask('', { accept: 'text/event-stream' })
    await site.waiting(2)
    for (const [query, accept] of [
      ['?wait=1', 'application/json'],
      ['', 'text/event-stream'],
    ] as const) {
      const refused = await site.json(query, { accept })
      assert.deepEqual([refused.status, refused.type], [429, 'application/problem+json'])
      assert.deepEqual([refused.body.code, refused.head.headers['retry-after']], ['TOO_MANY_WAITING', '5'])
    }
    assert.equal((await site.json('')).status, 200)
    stream.leave()
    await site.waiting(1)
    const next = site.json('?wait=30')
    await site.waiting(2)
    log.add('news')
    site.follower.woken()
    assert.deepEqual([tokensOf(await first), tokensOf(await next)], [[1], [1]])
  })

  it('is answered when the server stops', async () => {
    using _clock = new StoppedClock()
    await using site = await FeedbackSite.start({ deadTokens: log })
    log.add('news', 2)
    const answer = site.json(`?wait=30&after=${encodeCursor(2)}`)
    await site.waiting(1)
    await site.api.close()
    assert.deepEqual((await answer).body, { items: [], next: encodeCursor(2) })
  })
})
