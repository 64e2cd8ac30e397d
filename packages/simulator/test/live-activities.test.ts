import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Simulator, SimulatorOptions } from '@apns-worker/simulator'
import { type Reply, TOPIC, withSimulator } from './support/provider.js'

const START_MS = Date.UTC(2026, 0, 1)
const HEADERS = { 'apns-topic': `${TOPIC}.push-type.liveactivity`, 'apns-push-type': 'liveactivity' }
const STATE = { 'content-state': { minutes: 5 } }
const STARTING = {
  ...STATE,
  event: 'start',
  timestamp: 100,
  'attributes-type': 'Ride',
  attributes: { number: 7 },
  alert: { title: 'On its way', body: 'Five minutes' },
}

interface Stage {
  readonly apns: Simulator
  /** Sends to the token of a Live Activity. */
  send(token: string, aps: object, priority?: string): Promise<Reply>
  /** Why the last one would be dropped. */
  note(): string | undefined
  pass(seconds: number): void
}

async function withStage(options: SimulatorOptions, use: (stage: Stage) => Promise<void>): Promise<void> {
  let time = START_MS
  await withSimulator({ now: () => time, ...options }, async ({ apns, connect }) => {
    const provider = await connect()
    await use({
      apns,
      send: (token, aps, priority = '10') =>
        provider.send(token, { ...HEADERS, 'apns-priority': priority }, JSON.stringify({ aps })),
      note: () => apns.received.at(-1)?.wouldBeDropped,
      pass: (seconds) => {
        time += seconds * 1000
      },
    })
  })
}

function update(timestamp: number): object {
  return { event: 'update', timestamp, ...STATE }
}

test('the token of an activity that has ended is expired, in either case of its digits', async () => {
  await withStage({}, async ({ send, note }) => {
    assert.equal((await send('aa', update(100))).status, 200)
    assert.equal((await send('aa', { event: 'end', timestamp: 101 })).status, 200)
    assert.equal(note(), undefined)
    const reply = await send('AA', update(102))
    assert.equal(reply.status, 410)
    assert.equal(reply.body, `{"reason":"ExpiredToken","timestamp":${START_MS}}`)
    assert.equal((await send('bb', update(100))).status, 200, 'another activity goes on')
  })
})

test('an activity may end later, be unregistered, answer as Apple did until 2023, or never end', async () => {
  const end = { event: 'end', timestamp: 100 }
  await withStage({ liveActivities: { endsAfter: 60 } }, async ({ send, note, pass }) => {
    await send('aa', end)
    pass(59)
    assert.equal((await send('aa', update(101))).status, 200)
    assert.equal(note(), 'the activity has ended')
    pass(1)
    assert.equal((await send('aa', update(102))).reason, 'ExpiredToken')
  })
  await withStage({ liveActivities: { endedToken: 'Unregistered' } }, async ({ send }) => {
    await send('aa', end)
    assert.equal((await send('aa', end)).body, `{"reason":"Unregistered","timestamp":${START_MS}}`)
  })
  await withStage({ doubts: { expiredTokenStatus: 400 } }, async ({ send }) => {
    await send('aa', end)
    const { status, body } = await send('aa', end)
    assert.deepEqual([status, body], [400, '{"reason":"ExpiredToken"}'])
  })
  await withStage({ liveActivities: { endedToken: 'accept' } }, async ({ send, note }) => {
    await send('aa', end)
    assert.equal((await send('aa', end)).status, 200)
    assert.equal(note(), 'the activity has ended')
  })
})

test('a token that is unregistered is so with 410, however ExpiredToken is answered', async () => {
  const options = {
    liveActivities: { endedToken: 'Unregistered' },
    doubts: { expiredTokenStatus: 400 },
  } as const
  await withStage(options, async ({ send }) => {
    await send('aa', { event: 'end', timestamp: 100 })
    assert.equal((await send('aa', update(101))).status, 410)
  })
})

test('an activity may be ended by its user', async () => {
  await withStage({}, async ({ apns, send, pass }) => {
    await send('aa', update(100))
    pass(5)
    apns.endActivity('AA')
    assert.equal(
      (await send('aa', update(101))).body,
      `{"reason":"ExpiredToken","timestamp":${START_MS + 5000}}`,
    )
  })
})

test('a push-to-start token starts any number of activities, and nothing else', async () => {
  await withStage({}, async ({ send, note }) => {
    for (const timestamp of [100, 100, 90]) {
      assert.equal((await send('aa', { ...STARTING, timestamp })).status, 200)
      assert.equal(note(), undefined)
    }
    for (const aps of [update(200), { event: 'end', timestamp: 201 }]) {
      assert.equal((await send('aa', aps)).status, 200)
      assert.equal(note(), 'the token is a push-to-start token')
    }
    assert.equal((await send('aa', STARTING)).status, 200, 'it does not end')
    await send('bb', update(100))
    await send('bb', STARTING)
    assert.equal(note(), 'the token of an activity starts no other')
  })
})

test('what the device would ignore is accepted, has no effect, and is said to be dropped', async () => {
  const { alert: _alert, ...silent } = STARTING
  const cases: readonly [aps: object, note: string][] = [
    [{ timestamp: 200, ...STATE }, '"event" is none of start, update, end'],
    [{ event: 'stop', timestamp: 200 }, '"event" is none of start, update, end'],
    [{ event: 'update', ...STATE }, '"timestamp" is missing'],
    [{ event: 'end', timestamp: '200' }, '"timestamp" is missing'],
    [{ event: 'end', timestamp: START_MS }, '"timestamp" is not in seconds'],
    [{ event: 'update', timestamp: 200 }, '"content-state" is missing'],
    [silent, '"alert" is missing'],
    [{ ...STARTING, attributes: undefined }, '"attributes" is missing'],
    [{ ...STARTING, 'attributes-type': undefined }, '"attributes-type" is missing'],
    [{ ...STARTING, 'content-state': undefined }, '"content-state" is missing'],
    [
      { ...STARTING, 'input-push-token': 1, 'input-push-channel': 'AAAA' },
      '"input-push-channel" and "input-push-token" exclude each other',
    ],
    [update(100), '"timestamp" is not newer than the one before'],
    [update(99), '"timestamp" is not newer than the one before'],
    [{ event: 'end', timestamp: 99 }, '"timestamp" is not newer than the one before'],
  ]
  await withStage({}, async ({ send, note }) => {
    await send('aa', update(100))
    for (const [aps, expected] of cases) {
      assert.equal((await send('aa', aps)).status, 200)
      assert.equal(note(), expected)
    }
    assert.equal((await send('aa', update(101))).status, 200, 'it has not ended')
    assert.equal(note(), undefined)
    for (const key of ['input-push-token', 'input-push-channel']) {
      await send('cc', { ...STARTING, [key]: key === 'input-push-token' ? 1 : 'AAAA' })
      assert.equal(note(), undefined)
    }
  })
})

test('a rule may be for one kind of event', async () => {
  const rules = [{ event: 'end', times: 1, status: 503, reason: 'ServiceUnavailable' }] as const
  await withStage({ rules }, async ({ send }) => {
    assert.equal((await send('aa', update(100))).status, 200)
    assert.equal((await send('aa', { event: 'end', timestamp: 101 })).reason, 'ServiceUnavailable')
    assert.equal((await send('aa', { event: 'end', timestamp: 101 })).status, 200, 'a refused end is none')
    assert.equal((await send('aa', update(102))).reason, 'ExpiredToken')
  })
})

test('without a journal there is no budget', async () => {
  await withStage({ deliveryBudgets: { liveActivity: 0 } }, async ({ send, note }) => {
    await send('aa', update(1))
    assert.equal(note(), undefined)
    await send('aa', update(1))
    assert.equal(note(), '"timestamp" is not newer than the one before')
  })
})

test('an activity has a budget of urgent updates an hour, where a journal is kept', async () => {
  const options = { journal: true, deliveryBudgets: { liveActivity: 2 } }
  await withStage(options, async ({ apns, send, note, pass }) => {
    for (const timestamp of [1, 2]) await send('aa', update(timestamp))
    assert.equal(note(), undefined)
    assert.equal((await send('aa', update(3))).status, 200)
    assert.equal(note(), 'the device has had its budget of liveactivity pushes')
    await send('aa', update(4), '5')
    assert.equal(note(), undefined, 'priority 5 is free')
    await send('bb', update(1))
    assert.equal(note(), undefined, 'another activity has its own')
    pass(3600)
    await send('aa', update(5))
    assert.equal(note(), undefined)
    assert.deepEqual(
      apns.journal?.notifications.map(({ wouldBeDropped }) => wouldBeDropped !== undefined),
      [false, false, true, false, false, false],
    )
  })
})
