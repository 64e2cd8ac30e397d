import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Apns } from './apns.mjs'
import { Books } from './books.mjs'
import { Outbox } from './outbox.mjs'
import { PARAMETERS } from './parameters.mjs'
import { Random } from './random.mjs'
import { Timeline } from './timeline.mjs'

const LEASE_MS = 1000

class Scene {
  timeline = new Timeline()
  books = new Books(this.timeline)
  outbox

  /** @param {{ lostMs?: number }} [options] */
  constructor({ lostMs = 0 } = {}) {
    const options = { grain: 100, deadShare: 0, lostMs }
    this.outbox = new Outbox(this.timeline, this.books, new Random('outbox'), options)
  }

  /**
   * @param {string} owner
   * @param {number} maxTokens
   * @param {number} [maxTokensPerApp]
   */
  claim(owner, maxTokens, maxTokensPerApp = Number.POSITIVE_INFINITY) {
    const leaseUntilMs = this.timeline.nowMs + LEASE_MS
    const batches = this.outbox.claim({ owner, leaseUntilMs, maxTokens, maxTokensPerApp })
    this.outbox.claimed(batches)
    return batches.map((batch) => ({ batch, fence: batch.fence }))
  }

  /**
   * @param {{ batch: import('./batch.mjs').Batch, fence: number }} lease
   * @param {number} [grains]
   */
  accept({ batch, fence }, grains = batch.grains.length) {
    const outcomes = Array.from({ length: grains }, (_, grain) => ({
      grain,
      outcome: /** @type {const} */ ('accepted'),
    }))
    return this.outbox.record([{ batch, fence, outcomes }])[0]
  }

  /** @param {number} ms */
  wait(ms) {
    this.timeline.after(ms, () => {})
    this.timeline.run(Number.POSITIVE_INFINITY, () => false)
  }
}

describe('Outbox', () => {
  test('each batch is one owner’s, until its lease is over', () => {
    const scene = new Scene()
    scene.outbox.append('news', 2500)
    const first = scene.claim('a', 1500)
    assert.equal(first.length, 2)
    assert.equal(scene.claim('b', 10_000).length, 1)
    assert.equal(scene.claim('b', 10_000).length, 0)
    scene.wait(LEASE_MS)
    const again = scene.claim('b', 10_000)
    assert.equal(again.length, 3)
    assert.equal(scene.accept(first[0]), 'lost')
    for (const lease of again) assert.equal(scene.accept(lease), 'settled')
    assert.equal(scene.books.settled.accepted, 2500)
    assert.equal(scene.outbox.pendingTokens, 0)
  })

  test('a lease that was renewed goes on; one that ended counts until somebody claims it', () => {
    const scene = new Scene()
    scene.outbox.append('news', 1000)
    const leases = scene.claim('a', 1000)
    scene.wait(LEASE_MS / 2)
    assert.deepEqual(scene.outbox.renew(leases, scene.timeline.nowMs + LEASE_MS), ['held'])
    scene.wait(LEASE_MS / 2)
    assert.equal(scene.claim('b', 1000).length, 0)
    scene.wait(LEASE_MS)
    assert.equal(scene.accept(leases[0]), 'settled')
    assert.equal(scene.claim('b', 1000).length, 0)
  })

  test('an outcome counts once', () => {
    const scene = new Scene()
    scene.outbox.append('news', 1000)
    const [lease] = scene.claim('a', 1000)
    assert.equal(scene.accept(lease, 5), 'held')
    assert.equal(scene.accept(lease, 5), 'held')
    assert.equal(scene.books.settled.accepted, 500)
    scene.outbox.takeOver('a')
    const [again] = scene.claim('a', 1000)
    assert.equal(again.batch.pendingTokens, 500)
    assert.equal(scene.accept(again), 'settled')
    assert.equal(scene.accept(again), 'lost')
    assert.equal(scene.books.settled.accepted, 1000)
  })

  test('apps share; one that had nothing has no claim to the past', () => {
    const scene = new Scene()
    scene.outbox.append('news', 100_000)
    const handed = (/** @type {number} */ tokens) => {
      const apps = scene.claim('a', tokens).map(({ batch }) => batch.app)
      return {
        news: apps.filter((app) => app === 'news').length,
        chat: apps.filter((app) => app === 'chat').length,
      }
    }
    assert.deepEqual(handed(20_000), { news: 20, chat: 0 })
    scene.outbox.append('chat', 100_000)
    const { news, chat } = handed(20_000)
    assert.ok(Math.abs(news - chat) <= 1, `${news} and ${chat}`)
  })

  test('no app has more of an owner than it may', () => {
    const scene = new Scene()
    scene.outbox.append('news', 100_000)
    assert.equal(scene.claim('a', 10_000, 5000).length, 5)
    assert.equal(scene.claim('a', 10_000, 5000).length, 0)
    assert.equal(scene.claim('b', 10_000, 5000).length, 5)
  })

  test('a fail-over forgets what was last: outcomes, claims, messages', () => {
    const scene = new Scene({ lostMs: 100 })
    scene.outbox.append('news', 1000)
    const [settled] = scene.claim('a', 1000)
    scene.outbox.append('news', 1000)
    scene.wait(200)
    scene.accept(settled)
    const [claimed] = scene.claim('a', 1000)
    const stored = scene.outbox.append('news', 3000)
    scene.outbox.failOver(scene.timeline.nowMs)
    assert.equal(scene.books.settled.accepted, 0)
    assert.equal(scene.books.lost, 3000)
    assert.equal(stored.isLost, true)
    assert.equal(scene.outbox.pendingTokens, 2000)
    assert.equal(scene.accept(claimed), 'lost')
    // The claim never was; the outcome has to be found out again, after the lease.
    const [other] = scene.claim('b', 10_000)
    assert.equal(other.batch, claimed.batch)
    assert.equal(scene.accept(claimed), 'lost')
    scene.wait(LEASE_MS)
    assert.ok(scene.claim('b', 10_000).some(({ batch }) => batch === settled.batch))
  })

  test('what is older than that is not forgotten', () => {
    const scene = new Scene({ lostMs: 100 })
    scene.outbox.append('news', 1000)
    scene.accept(scene.claim('a', 1000)[0])
    scene.wait(101)
    scene.outbox.failOver(scene.timeline.nowMs)
    assert.equal(scene.books.settled.accepted, 1000)
    assert.equal(scene.books.lost, 0)
  })
})

describe('Apns', () => {
  const STEADY = { ...PARAMETERS.apns, roundTripMs: 100, roundTripSigma: 0, tailShare: 0 }
  const REQUEST = { app: 'news', count: 1, isDead: false }
  const link = () => ({ serverFreeAtMs: 0, endsAtMs: Number.POSITIVE_INFINITY })

  test('it answers after a round trip, and one connection’s requests one after the other', () => {
    const apns = new Apns({ ...STEADY, connectionMicroseconds: 1000 }, new Random('apns'))
    const one = link()
    assert.deepEqual(apns.ask(0, one, REQUEST), { verdict: 'accepted', answerAtMs: 101 })
    assert.deepEqual(apns.ask(0, one, REQUEST), { verdict: 'accepted', answerAtMs: 102 })
    assert.deepEqual(apns.ask(0, link(), REQUEST), { verdict: 'accepted', answerAtMs: 101 })
    assert.deepEqual(apns.ask(0, link(), { ...REQUEST, isDead: true }), { verdict: 'dead', answerAtMs: 101 })
  })

  test('of an app with a limit it takes so many a second, of others all', () => {
    const apns = new Apns({ ...STEADY, appLimits: { news: 100 } }, new Random('apns'))
    let accepted = 0
    for (let atMs = 0; atMs < 10_000; atMs += 1) {
      const answer = apns.ask(atMs, link(), REQUEST)
      if (typeof answer === 'object' && answer.verdict === 'accepted') accepted += 1
    }
    // A second's worth at once, and then what comes.
    assert.ok(Math.abs(accepted - 1100) <= 1, `${accepted}`)
    assert.deepEqual(apns.ask(0, link(), { ...REQUEST, app: 'chat' }), {
      verdict: 'accepted',
      answerAtMs: 100,
    })
  })

  test('what comes in an outage is lost, and so is the answer to what came before', () => {
    const troubles = [{ kind: /** @type {const} */ ('silent'), fromMs: 1000, untilMs: 2000 }]
    const apns = new Apns({ ...STEADY, troubles }, new Random('apns'))
    assert.deepEqual(apns.ask(899, link(), REQUEST), { verdict: 'accepted', answerAtMs: 999 })
    assert.deepEqual(apns.ask(925, link(), REQUEST), { verdict: 'accepted', answerAtMs: undefined })
    assert.equal(apns.ask(951, link(), REQUEST), undefined)
    assert.deepEqual(apns.ask(1950, link(), REQUEST), { verdict: 'accepted', answerAtMs: 2050 })
  })

  test('what comes after its GOAWAY it has not processed', () => {
    const apns = new Apns(STEADY, new Random('apns'))
    assert.equal(apns.ask(0, { ...link(), endsAtMs: 50 }, REQUEST), 'too late')
  })
})
