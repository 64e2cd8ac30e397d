import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type ApnsManager,
  type Failure,
  LiveActivityError,
  type LiveActivityErrorCode,
  type LiveActivityFate,
  LiveActivitySession,
  type LiveActivitySessionOptions,
  type LiveActivityStartOptions,
  ManagerClosedError,
  type Message,
  MessageError,
} from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { managerWith, REFUSAL, ScriptedBackend } from '../support/test-backends.js'
import { until } from '../support/within.js'
import { FakeClock } from './fake-clock.js'

failOnLeaks()

const START_TOKEN = 'aa'.repeat(32)
const [TOKEN, NEXT_TOKEN] = ['bb'.repeat(32), 'cc'.repeat(80)] as const
const NOW = 1_700_000_000
const ALERT = { title: 'Goal!', body: '1:0' }
const START: LiveActivityStartOptions<Score, Teams> = {
  attributesType: 'MatchAttributes',
  attributes: { home: 'A', away: 'B' },
  state: { goals: 0 },
  alert: { title: 'Kick-off', body: 'A : B', sound: 'default' },
}

interface Score {
  readonly goals: number
}

interface Teams {
  readonly home: string
  readonly away: string
}

/** A session, and what it has sent; it is accepted in the next turn of the event loop, unless its token is a refused one. */
class Match implements AsyncDisposable {
  readonly clock = new FakeClock(NOW)
  readonly sent: Message[] = []
  readonly apns: ApnsManager
  readonly session: LiveActivitySession<Score, Teams>
  readonly refused = new Map<string, Failure>()

  constructor(options: LiveActivitySessionOptions = { token: TOKEN }) {
    const { apns, backend } = managerWith(ScriptedBackend)
    backend.script = ({ token }) => this.refused.get(token) ?? 'accept'
    this.apns = apns
    const sendMessage: ApnsManager['sendMessage'] = (message) => {
      const delivery = apns.sendMessage(message)
      this.sent.push(message)
      return delivery
    }
    this.session = new LiveActivitySession<Score, Teams>({ sendMessage }, { clock: this.clock, ...options })
  }

  /** What was sent, since it was last asked for: one line for each. */
  take(): string[] {
    return this.sent.splice(0).map(({ tokens, payload, priority }) => {
      const { event, timestamp, 'content-state': state } = apsOf(payload)
      const goals = (state as Score | undefined)?.goals
      return `${tokens[0]?.slice(0, 2)} ${String(event)} ${goals ?? '-'} +${Number(timestamp) - NOW} p${priority}`
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close()
    assert.equal(this.clock.timers, 0, 'a timer is left')
    await this.apns.close()
  }
}

function apsOf(payload: Record<string, unknown>): Record<string, unknown> {
  return payload['aps'] as Record<string, unknown>
}

function refuses(run: () => unknown, code: LiveActivityErrorCode): void {
  assert.throws(run, (error: unknown) => error instanceof LiveActivityError && error.code === code)
}

async function fateOf(promise: Promise<LiveActivityFate>): Promise<string> {
  return (await promise).fate
}

describe('an activity', () => {
  it('is started, updated and ended, and what is sent is what Apple asks for', async () => {
    await using match = new Match({ topic: 'com.example.app' })
    const delivery = match.session.start(START_TOKEN, {
      ...START,
      updates: 'token',
      staleDate: new Date(NOW * 1000 + 500),
    })
    match.session.changeToken(TOKEN)
    match.clock.advance(5)
    await match.session.update({ goals: 1 }, { relevanceScore: 75, expiration: NOW + 60 })
    match.clock.advance(5)
    await match.session.end({
      state: { goals: 2 },
      dismissalDate: new Date((NOW + 3600) * 1000),
      alert: ALERT,
    })
    assert.deepEqual(await delivery.done(), { total: 1, succeeded: 1, failed: 0 })
    assert.deepEqual(
      match.sent.map(({ tokens, payload, pushType, topic, priority, expiration }) => [
        tokens,
        payload,
        pushType,
        topic,
        priority,
        expiration,
      ]),
      [
        [
          [START_TOKEN],
          {
            aps: {
              timestamp: NOW,
              event: 'start',
              'content-state': { goals: 0 },
              'attributes-type': 'MatchAttributes',
              attributes: { home: 'A', away: 'B' },
              'input-push-token': 1,
              alert: { title: 'Kick-off', body: 'A : B', sound: 'default' },
              'stale-date': NOW,
            },
          },
          'liveactivity',
          'com.example.app.push-type.liveactivity',
          10,
          undefined,
        ],
        [
          [TOKEN],
          {
            aps: {
              timestamp: NOW + 5,
              event: 'update',
              'content-state': { goals: 1 },
              'relevance-score': 75,
            },
          },
          'liveactivity',
          'com.example.app.push-type.liveactivity',
          10,
          NOW + 60,
        ],
        [
          [TOKEN],
          {
            aps: {
              timestamp: NOW + 10,
              event: 'end',
              'content-state': { goals: 2 },
              'dismissal-date': NOW + 3600,
              alert: ALERT,
            },
          },
          'liveactivity',
          'com.example.app.push-type.liveactivity',
          10,
          undefined,
        ],
      ],
    )
  })

  it('may get its updates over a channel', async () => {
    await using match = new Match({})
    match.session.start(START_TOKEN, { ...START, updates: { channel: 'Y2hhbm5lbA==' } })
    const aps = apsOf(match.sent[0]?.payload ?? {})
    assert.equal(aps['input-push-channel'], 'Y2hhbm5lbA==')
    assert.equal('input-push-token' in aps, false)
  })

  it('is started once', async () => {
    await using match = new Match({})
    assert.throws(() => match.session.start('not hex', START), MessageError)
    assert.throws(
      () => match.session.start(START_TOKEN, { ...START, attributesType: undefined as unknown as string }),
      /attributes-type/,
    )
    match.session.start(START_TOKEN, START)
    refuses(() => match.session.start(START_TOKEN, START), 'ALREADY_STARTED')
    assert.deepEqual(match.take(), ['aa start 0 +0 p10'])
  })

  it('ends once: the second call gives the first one’s promise, and nothing comes after', async () => {
    await using match = new Match()
    const end = match.session.end()
    assert.equal(match.session.end({ state: { goals: 5 } }), end)
    assert.equal(match.session.state, 'ended')
    refuses(() => match.session.update({ goals: 6 }), 'ENDED')
    refuses(() => match.session.start(START_TOKEN, START), 'ENDED')
    assert.equal(await fateOf(end), 'sent')
    assert.deepEqual(match.take(), ['bb end - +0 p10'])
  })

  it('ends with the latest content where none is given', async () => {
    await using match = new Match({ token: TOKEN, window: 10 })
    void match.session.update({ goals: 1 })
    const second = match.session.update({ goals: 2 })
    void match.session.end()
    assert.equal(await fateOf(second), 'superseded')
    assert.deepEqual(match.take(), ['bb update 1 +0 p10', 'bb end 2 +1 p10'])
  })

  it('that ends without a token does so when there is one', async () => {
    await using match = new Match({})
    match.session.start(START_TOKEN, START)
    match.take()
    const end = match.session.end()
    refuses(() => match.session.update({ goals: 1 }), 'ENDED')
    assert.deepEqual(match.take(), [])
    match.session.changeToken(TOKEN)
    assert.deepEqual(match.take(), ['bb end 0 +1 p10'])
    assert.equal(await fateOf(end), 'sent')
  })
})

describe('timestamps', () => {
  it('rise, however many there are in a second, and if the clock is set back', async () => {
    await using match = new Match()
    for (const goals of [1, 2, 3]) void match.session.update({ goals })
    match.clock.set(NOW - 3600)
    void match.session.update({ goals: 4 })
    match.clock.set(NOW + 60)
    void match.session.update({ goals: 5 })
    assert.deepEqual(
      match.take().map((line) => line.split(' ')[3]),
      ['+0', '+1', '+2', '+3', '+60'],
    )
    assert.equal(match.session.lastTimestamp, NOW + 60)
  })

  it('go on from those of the session before', async () => {
    await using match = new Match({ token: TOKEN, lastTimestamp: NOW + 100 })
    void match.session.update({ goals: 1 })
    assert.deepEqual(match.take(), ['bb update 1 +101 p10'])
  })

  it('are of the moment at which a push is sent', async () => {
    await using match = new Match({})
    void match.session.update({ goals: 1 })
    match.clock.advance(30)
    match.session.changeToken(TOKEN)
    assert.deepEqual(match.take(), ['bb update 1 +30 p10'])
  })
})

describe('the window', () => {
  it('lets the first update through, and the latest of the others when it ends', async () => {
    await using match = new Match({ token: TOKEN, window: 10 })
    const fates = [1, 2, 3].map((goals) => fateOf(match.session.update({ goals })))
    assert.deepEqual(match.take(), ['bb update 1 +0 p10'])
    match.clock.advance(9.999)
    assert.deepEqual(match.take(), [])
    match.clock.advance(0.001)
    assert.deepEqual(match.take(), ['bb update 3 +10 p10'])
    assert.deepEqual(await Promise.all(fates), ['sent', 'superseded', 'sent'])
    // That one opened a window, too; after it, there is none.
    void match.session.update({ goals: 4 })
    assert.deepEqual(match.take(), [])
    match.clock.advance(30)
    assert.deepEqual(match.take(), ['bb update 4 +20 p10'])
    void match.session.update({ goals: 5 })
    assert.deepEqual(match.take(), ['bb update 5 +40 p10'])
  })

  it('does not hold up an alert', async () => {
    await using match = new Match({ token: TOKEN, window: 10 })
    void match.session.update({ goals: 1 })
    const waiting = match.session.update({ goals: 2 })
    void match.session.update({ goals: 3 }, { alert: ALERT })
    assert.equal(await fateOf(waiting), 'superseded')
    assert.deepEqual(match.take(), ['bb update 1 +0 p10', 'bb update 3 +1 p10'])
    match.clock.advance(100)
    assert.deepEqual(match.take(), [])
  })

  it('is not longer for a clock that was set back', async () => {
    await using match = new Match({ token: TOKEN, window: 10 })
    void match.session.update({ goals: 1 })
    match.clock.set(NOW - 86_400)
    void match.session.update({ goals: 2 })
    match.clock.advance(10)
    assert.equal(match.sent.length, 2)
  })

  it('takes a copy of what waits', async () => {
    await using match = new Match({ token: TOKEN, window: 10 })
    const state = { goals: 1 }
    void match.session.update(state)
    state.goals = 2
    void match.session.update(state)
    state.goals = 3
    match.clock.advance(10)
    assert.deepEqual(match.take(), ['bb update 1 +0 p10', 'bb update 2 +10 p10'])
  })
})

describe('the budget', () => {
  it('is spent on priority 10; what exceeds it has priority 5, until the period has passed', async () => {
    await using match = new Match({ token: TOKEN, budget: { pushes: 2, period: 60 } })
    for (const goals of [1, 2, 3]) {
      void match.session.update({ goals })
      match.clock.advance(10)
    }
    match.clock.advance(29.999)
    void match.session.update({ goals: 4 })
    match.clock.advance(0.001)
    void match.session.update({ goals: 5 })
    void match.session.end()
    assert.deepEqual(
      match.take().map((line) => line.split(' ').at(-1)),
      ['p10', 'p10', 'p5', 'p5', 'p10', 'p5'],
    )
  })

  it('is spared by updates that ask for priority 5', async () => {
    await using match = new Match({ token: TOKEN, budget: { pushes: 1, period: 60 } })
    for (const priority of [5, 5, 10, 10] as const) void match.session.update({ goals: 1 }, { priority })
    assert.deepEqual(
      match.take().map((line) => line.split(' ').at(-1)),
      ['p5', 'p5', 'p10', 'p5'],
    )
  })

  it('counts the start, which has priority 10 in any case', async () => {
    await using match = new Match({ token: TOKEN, budget: { pushes: 0, period: 1 } })
    match.session.start(START_TOKEN, START)
    void match.session.update({ goals: 1 })
    assert.deepEqual(match.take(), ['aa start 0 +0 p10', 'bb update 1 +1 p5'])
    await using other = new Match({ token: TOKEN, budget: { pushes: 1, period: 1 } })
    other.session.start(START_TOKEN, START)
    void other.session.update({ goals: 1 })
    assert.deepEqual(other.take(), ['aa start 0 +0 p10', 'bb update 1 +1 p5'])
  })

  it('is not lost to a clock that was set back', async () => {
    await using match = new Match({ token: TOKEN, budget: { pushes: 1, period: 60 } })
    void match.session.update({ goals: 1 })
    match.clock.set(NOW - 86_400)
    void match.session.update({ goals: 2 })
    assert.deepEqual(match.take(), ['bb update 1 +0 p10', 'bb update 2 +1 p10'])
  })
})

describe('the token', () => {
  it('is waited for, and so is another one', async () => {
    await using match = new Match({})
    match.session.start(START_TOKEN, START)
    assert.equal(match.session.token, undefined)
    const first = match.session.update({ goals: 1 })
    void match.session.update({ goals: 2 })
    assert.equal(await fateOf(first), 'superseded')
    match.session.changeToken(TOKEN.toUpperCase())
    assert.equal(match.session.token, TOKEN)
    void match.session.update({ goals: 3 })
    match.session.changeToken(NEXT_TOKEN)
    void match.session.update({ goals: 4 })
    assert.deepEqual(match.take(), [
      'aa start 0 +0 p10',
      'bb update 2 +1 p10',
      'bb update 3 +2 p10',
      'cc update 4 +3 p10',
    ])
  })

  it('that changes within the window changes where the update goes, not when', async () => {
    await using match = new Match({ token: TOKEN, window: 10 })
    void match.session.update({ goals: 1 })
    void match.session.update({ goals: 2 })
    match.session.changeToken(NEXT_TOKEN)
    assert.equal(match.clock.timers, 1)
    match.clock.advance(10)
    assert.deepEqual(match.take(), ['bb update 1 +0 p10', 'cc update 2 +10 p10'])
  })

  it('that Apple calls dead is not used any more, and the next one gets what it did not', async () => {
    for (const reason of ['ExpiredToken', 'Unregistered']) {
      await using match = new Match()
      match.refused.set(TOKEN, { ...REFUSAL, reason })
      const sent = await match.session.update({ goals: 1 })
      assert.equal(sent.fate, 'sent')
      await until(() => match.session.token === undefined)
      match.take()
      match.clock.advance(5)
      assert.deepEqual(match.take(), [])
      match.session.changeToken(NEXT_TOKEN)
      assert.deepEqual(match.take(), ['cc update 1 +5 p10'])
    }
  })

  it('that is dead takes nothing back that is newer', async () => {
    await using match = new Match()
    match.refused.set(TOKEN, { ...REFUSAL, reason: 'ExpiredToken' })
    void match.session.update({ goals: 1 })
    match.session.changeToken(NEXT_TOKEN)
    void match.session.update({ goals: 2 })
    await match.apns.flushMessages()
    assert.equal(match.session.token, NEXT_TOKEN)
    assert.equal(match.sent.length, 2)
  })

  it('that died when there is another already: what it did not get goes there at once', async () => {
    await using match = new Match()
    match.refused.set(TOKEN, { ...REFUSAL, reason: 'ExpiredToken' })
    void match.session.update({ goals: 1 })
    match.session.changeToken(NEXT_TOKEN)
    const { length } = match.sent
    await until(() => match.sent.length > length)
    assert.deepEqual(match.take(), ['bb update 1 +0 p10', 'cc update 1 +1 p10'])
    assert.equal(match.session.token, NEXT_TOKEN)
  })

  it('that is dead stops the timer of what waits', async () => {
    await using match = new Match({ token: TOKEN, window: 10 })
    match.refused.set(TOKEN, { ...REFUSAL, reason: 'ExpiredToken' })
    void match.session.update({ goals: 1 })
    void match.session.update({ goals: 2 })
    await until(() => match.session.token === undefined)
    assert.equal(match.clock.timers, 0)
    match.clock.advance(20)
    match.session.changeToken(NEXT_TOKEN)
    assert.deepEqual(match.take(), ['bb update 1 +0 p10', 'cc update 2 +20 p10'])
  })

  it('that is refused for another reason stays', async () => {
    await using match = new Match()
    match.refused.set(TOKEN, { ...REFUSAL, reason: 'BadDeviceToken', httpStatus: 400 })
    void match.session.update({ goals: 1 })
    await match.apns.flushMessages()
    void match.session.update({ goals: 2 })
    assert.equal(match.session.token, TOKEN)
    assert.equal(match.sent.length, 2)
  })

  it('has to be one', async () => {
    await using match = new Match()
    assert.throws(() => match.session.changeToken('zz'), MessageError)
    assert.equal(match.session.token, TOKEN)
    assert.throws(() => new Match({ token: '' }), MessageError)
  })
})

describe('what is wrong', () => {
  it('with the content is an error at once, even if it is to be sent later', async () => {
    await using match = new Match({})
    assert.throws(() => match.session.update({ goals: Number.NaN }), /payload\.aps\.content-state\.goals/)
    assert.throws(() => match.session.update({ goals: 1, text: 'x'.repeat(4096) } as Score), /4096/)
    assert.throws(() => match.session.end({ dismissalDate: Date.now() }), /dismissal-date/)
    assert.throws(() => match.session.update({ goals: 1 }, { priority: 1 as 5 }), /priority/)
    assert.equal(match.session.state, 'running')
  })

  it('with the manager is an error of the call, or the fate of what waited', async () => {
    const match = new Match({ token: TOKEN, window: 10 })
    void match.session.update({ goals: 1 })
    const waiting = match.session.update({ goals: 2 })
    await match.apns.close()
    assert.throws(() => match.session.update({ goals: 2 }, { alert: ALERT }), ManagerClosedError)
    match.clock.advance(10)
    const fate = await waiting
    assert.ok(fate.fate === 'dropped' && fate.error instanceof ManagerClosedError)
    match.clock.advance(10)
    assert.throws(() => match.session.update({ goals: 3 }), ManagerClosedError)
    assert.throws(() => match.session.end(), ManagerClosedError)
    assert.equal(match.session.state, 'running')
    // Nothing was sent, so nothing was spent.
    assert.equal(match.session.lastTimestamp, NOW)
    await match.session.close()
    assert.equal(match.clock.timers, 0)
  })

  it('with an option is an error that names it', () => {
    assert.throws(() => new Match({ window: -1 }), /window/)
    assert.throws(() => new Match({ lastTimestamp: Number.NaN }), /lastTimestamp/)
    for (const budget of [
      { pushes: -1, period: 1 },
      { pushes: 1.5, period: 1 },
      { pushes: 1, period: 0 },
    ])
      assert.throws(() => new Match({ budget }), /budget/)
  })
})

describe('close', () => {
  it('sends what waits for the window, and leaves no timer', async () => {
    const match = new Match({ token: TOKEN, window: 10 })
    void match.session.update({ goals: 1 })
    const waiting = match.session.update({ goals: 2 })
    await match[Symbol.asyncDispose]()
    assert.equal(await fateOf(waiting), 'sent')
    assert.deepEqual(match.take(), ['bb update 1 +0 p10', 'bb update 2 +1 p10'])
    assert.equal(match.session.state, 'closed')
    await match.session.close()
    refuses(() => match.session.update({ goals: 3 }), 'CLOSED')
    refuses(() => match.session.end(), 'CLOSED')
    refuses(() => match.session.start(START_TOKEN, START), 'CLOSED')
    refuses(() => match.session.changeToken(TOKEN), 'CLOSED')
  })

  it('drops what waits for a token', async () => {
    const match = new Match({})
    const waiting = match.session.end()
    await match[Symbol.asyncDispose]()
    const fate = await waiting
    assert.ok(fate.fate === 'dropped' && fate.error instanceof LiveActivityError)
    assert.equal(fate.error.code, 'NO_TOKEN')
    assert.equal(match.session.end(), waiting)
  })

  it('is the end of it, whatever becomes of what was sent', async () => {
    const match = new Match()
    match.refused.set(TOKEN, { ...REFUSAL, reason: 'ExpiredToken' })
    void match.session.update({ goals: 1 })
    match.session.changeToken(NEXT_TOKEN)
    await match.session.close()
    await match.apns.flushMessages()
    await match[Symbol.asyncDispose]()
    assert.deepEqual(match.take(), ['bb update 1 +0 p10'])
  })

  it('of a session on the real clock leaves nothing behind', async () => {
    const { apns, backend } = managerWith(ScriptedBackend)
    backend.script = () => 'accept'
    {
      await using session = new LiveActivitySession(apns, { token: TOKEN, window: 3600 })
      void session.update({ goals: 1 })
      void session.update({ goals: 2 })
    }
    await apns.close()
    assert.equal(apns.stats().accepted, 2)
  })

  it('is not needed for an update that waits to be sent', async () => {
    const { apns, backend } = managerWith(ScriptedBackend)
    backend.script = () => 'accept'
    await using session = new LiveActivitySession(apns, { token: TOKEN, window: 0.02 })
    void session.update({ goals: 1 })
    assert.equal(await fateOf(session.update({ goals: 2 })), 'sent')
    await apns.close()
  })
})
