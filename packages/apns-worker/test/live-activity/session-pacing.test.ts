import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MessageError } from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { REFUSAL } from '../support/test-backends.js'
import { until } from '../support/within.js'
import { ALERT, fateOf, Match, NEXT_TOKEN, NOW, START, START_TOKEN, TOKEN } from './match.js'

failOnLeaks()

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
