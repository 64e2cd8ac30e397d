import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import {
  ApnsManager,
  BroadcastBackend,
  BroadcastMessage,
  LiveActivitySession,
  MessageError,
} from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { TOPIC } from '../support/sender.js'
import { ScriptedBackend } from '../support/test-backends.js'
import { within } from '../support/within.js'
import { ALERT, apsOf, fateOf, Match, NOW, refuses, type Score, START, START_TOKEN, TOKEN } from './match.js'

failOnLeaks()

/** A scripted backend for broadcasts. */
class ScriptedBroadcasts extends ScriptedBackend {
  static readonly sendsBroadcasts: boolean = true
}

const CHANNEL = { id: 'QUJD', storagePolicy: 'none' } as const
const STORED = { id: 'REVG', storagePolicy: 'latest' } as const

function matchOn(options: ConstructorParameters<typeof Match>[0]): Match {
  return new Match(options, ScriptedBroadcasts)
}

describe('an activity on a channel', () => {
  it('is updated and ended by broadcasts', async () => {
    await using match = matchOn({ channel: CHANNEL, topic: TOPIC })
    await match.session.update({ goals: 1 }, { relevanceScore: 75, alert: ALERT })
    match.clock.advance(5)
    await match.session.end({ dismissalDate: NOW + 60, priority: 5 })
    assert.deepEqual(
      match.sent.map((message) => {
        assert.ok(message instanceof BroadcastMessage)
        const { channelId, storagePolicy, topic, priority, expiration, payload } = message
        return { channelId, storagePolicy, topic, priority, expiration, payload }
      }),
      [
        {
          ...{ channelId: 'QUJD', storagePolicy: 'none', topic: TOPIC, priority: 10, expiration: 0 },
          payload: {
            aps: {
              timestamp: NOW,
              event: 'update',
              'content-state': { goals: 1 },
              alert: ALERT,
              'relevance-score': 75,
            },
          },
        },
        {
          ...{ channelId: 'QUJD', storagePolicy: 'none', topic: TOPIC, priority: 5, expiration: 0 },
          payload: {
            aps: {
              timestamp: NOW + 5,
              event: 'end',
              'content-state': { goals: 1 },
              'dismissal-date': NOW + 60,
            },
          },
        },
      ],
    )
  })

  it('has timestamps that rise, a budget, a window, and one end', async () => {
    await using match = matchOn({ channel: CHANNEL, window: 10, budget: { pushes: 1, period: 3600 } })
    const fates = [
      match.session.update({ goals: 1 }),
      match.session.update({ goals: 2 }),
      match.session.update({ goals: 3 }),
    ]
    assert.deepEqual(match.take(), ['QU update 1 +0 p10'])
    match.clock.advance(10)
    assert.deepEqual(match.take(), ['QU update 3 +10 p5'])
    assert.deepEqual(await Promise.all(fates.map(fateOf)), ['sent', 'superseded', 'sent'])
    await match.session.update({ goals: 4 }, { alert: ALERT })
    const end = match.session.end()
    assert.equal(match.session.end(), end)
    assert.deepEqual(match.take(), ['QU update 4 +11 p5', 'QU end 4 +12 p5'])
    refuses(() => match.session.update({ goals: 5 }), 'ENDED')
  })

  it('has the expiration that its channel takes', async () => {
    await using stored = matchOn({ channel: STORED })
    await stored.session.update({ goals: 1 })
    await stored.session.update({ goals: 2 }, { expiration: 4_000_000_000 })
    const [first, second] = stored.sent.map(({ expiration }) => expiration)
    assert.ok(Math.abs((first ?? 0) - (Date.now() / 1000 + 8 * 3600)) < 600)
    assert.equal(second, 4_000_000_000)

    await using unstored = matchOn({ channel: CHANNEL })
    assert.throws(() => unstored.session.update({ goals: 1 }, { expiration: 4_000_000_000 }), {
      code: 'BAD_EXPIRATION',
    })
    await using unknown = matchOn({ channel: CHANNEL.id })
    assert.throws(() => unknown.session.update({ goals: 1 }), { code: 'BAD_EXPIRATION' })
    await unknown.session.update({ goals: 1 }, { expiration: 0 })
    assert.deepEqual(unknown.take(), ['QU update 1 +0 p10'])
  })

  it('has no token, and starts nothing', async () => {
    await using match = matchOn({ channel: CHANNEL })
    assert.equal(match.session.token, undefined)
    refuses(() => match.session.start(START_TOKEN, START), 'HAS_CHANNEL')
    refuses(() => match.session.changeToken(TOKEN), 'HAS_CHANNEL')
    assert.deepEqual(match.sent, [])
    assert.throws(() => matchOn({ channel: CHANNEL, token: TOKEN }), RangeError)
    for (const channel of ['', 'no base64!', { id: 'QUJD', storagePolicy: 'all' as 'none' }])
      assert.throws(() => matchOn({ channel }), { code: 'BAD_CHANNEL' })
  })

  it('may have content of 5,120 bytes', async () => {
    await using match = matchOn({ channel: CHANNEL })
    const contentOf = (bytes: number): Score => Object.assign({ goals: 1 }, { text: 'x'.repeat(bytes) })
    assert.equal(await fateOf(match.session.update(contentOf(5000))), 'sent')
    assert.throws(() => match.session.update(contentOf(5120)), MessageError)
  })

  it('goes on when Apple refuses a broadcast, and tells', async () => {
    await using apns = await startSimulator()
    const options = { ...apns.credentials, environment: apns.environment, topic: TOPIC }
    await using broadcasts = new ApnsManager({ ...options, backend: BroadcastBackend })
    const channel = apns.addChannel({ storagePolicy: 'latest' })
    await using session = new LiveActivitySession<Score>(broadcasts, { channel })
    apns.reply({ status: 400, reason: 'ChannelNotRegistered', times: 1 })
    const statuses: string[] = []
    for (const fate of [session.update({ goals: 1 }), session.update({ goals: 2 }), session.end()]) {
      const sent = await within(fate, () => 'it does not settle')
      assert.equal(sent.fate, 'sent')
      if (sent.fate !== 'sent') continue
      for await (const { status, error } of sent.delivery) statuses.push(error?.reason ?? status)
    }
    assert.deepEqual(statuses, ['ChannelNotRegistered', 'accepted', 'accepted'])
    assert.deepEqual(
      apns.broadcasts.map(({ payload }) => apsOf(payload as Record<string, unknown>)['event']),
      ['update', 'update', 'end'],
    )
    const times = apns.broadcasts.map(({ payload }) =>
      Number(apsOf(payload as Record<string, unknown>)['timestamp']),
    )
    assert.deepEqual(
      times,
      [...new Set(times)].sort((one, other) => one - other),
    )
  })

  it('is not sent by a manager for devices: the call says so', async () => {
    await using match = new Match({ channel: CHANNEL })
    assert.throws(() => match.session.update({ goals: 1 }), { code: 'WRONG_BACKEND' })
  })
})
