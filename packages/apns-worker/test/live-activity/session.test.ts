import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LiveActivityError, LiveActivitySession, ManagerClosedError, MessageError } from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { managerWith, REFUSAL, ScriptedBackend } from '../support/test-backends.js'
import {
  ALERT,
  apsOf,
  fateOf,
  Match,
  NEXT_TOKEN,
  NOW,
  refuses,
  type Score,
  START,
  START_TOKEN,
  TOKEN,
} from './match.js'

failOnLeaks()

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
