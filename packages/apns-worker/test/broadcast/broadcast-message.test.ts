import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { ApnsManager, BroadcastBackend, BroadcastMessage, Message, MessageError } from 'apns-worker'
import { TOPIC, tokensOf } from '../support/sender.js'
import { PROVIDER_KEY } from '../support/test-identity.js'

const CHANNEL = { id: 'dHN0LXNyY2gtY2hubA==', storagePolicy: 'none' } as const
const LATEST = { ...CHANNEL, storagePolicy: 'latest' } as const
const PAYLOAD = { aps: { event: 'update', timestamp: 1_700_000_000, 'content-state': { score: 1 } } }

type Arguments = ConstructorParameters<typeof BroadcastMessage>

describe('a broadcast', () => {
  it('is one notification, to the channel', () => {
    const message = new BroadcastMessage(CHANNEL, PAYLOAD)
    assert.equal(message.length, 1)
    assert.deepEqual(message.tokens, [CHANNEL.id])
    assert.deepEqual(
      [message.channelId, message.storagePolicy, message.pushType, message.priority],
      [CHANNEL.id, 'none', 'liveactivity', 10],
    )
    const [notification] = message.notifications([7])
    assert.equal(notification?.token, CHANNEL.id)
    assert.match(notification?.apnsId ?? '', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{4}00000007$/)
    assert.deepEqual(notification?.encodedToken, Buffer.from(CHANNEL.id, 'base64'))
    assert.ok(message instanceof Message)
    assert.deepEqual(message.payload, PAYLOAD)
  })

  it('has the expiration that its channel needs', () => {
    mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_500 })
    const inAnHour = 1_700_003_600
    const cases: readonly [Arguments[0], NonNullable<Arguments[2]>['expiration'], number][] = [
      [CHANNEL, undefined, 0],
      [CHANNEL, 0, 0],
      [LATEST, undefined, 1_700_000_000 + 8 * 3600],
      [LATEST, 0, 0],
      [LATEST, inAnHour, inAnHour],
      [LATEST, new Date(inAnHour * 1000), inAnHour],
      [CHANNEL.id, 0, 0],
      [{ id: CHANNEL.id }, inAnHour, inAnHour],
    ]
    for (const [channel, expiration, expected] of cases)
      assert.equal(new BroadcastMessage(channel, PAYLOAD, { expiration }).expiration, expected)
    mock.timers.reset()
  })

  it('is sent until it expires, or as long as it says', () => {
    const sendBy = (...[channel, payload, options]: Arguments): number | undefined =>
      new BroadcastMessage(channel, payload, options).sendBy
    assert.equal(sendBy(CHANNEL, PAYLOAD), undefined)
    assert.equal(sendBy(LATEST, PAYLOAD, { expiration: 4_000_000_000 }), 4_000_000_000)
    assert.equal(sendBy(CHANNEL, PAYLOAD, { sendBy: 4_000_000_001 }), 4_000_000_001)
    assert.equal(sendBy(LATEST, PAYLOAD, { expiration: 4_000_000_000, sendBy: 4_000_000_001 }), 4_000_000_001)
  })

  it('takes each priority, and each event that a channel can have', () => {
    for (const priority of [10, 5, 1] as const)
      assert.equal(new BroadcastMessage(CHANNEL, PAYLOAD, { priority }).priority, priority)
    for (const event of ['update', 'end']) new BroadcastMessage(CHANNEL, { aps: { ...PAYLOAD.aps, event } })
  })

  it('takes ids in base64, of any length, with or without padding', () => {
    for (const id of ['AA', 'AA==', 'AAA', 'AAA=', 'AAAA', 'a+/0', 'A'.repeat(1024)])
      assert.equal(new BroadcastMessage({ ...CHANNEL, id }, PAYLOAD).channelId, id)
  })

  it('may have 5,120 bytes, and no more', () => {
    const ofSize = (bytes: number): object => {
      const empty = JSON.stringify({ ...PAYLOAD, x: '' }).length
      return { ...PAYLOAD, x: 'x'.repeat(bytes - empty) }
    }
    assert.equal(new BroadcastMessage(CHANNEL, ofSize(5120)).encodedPayload.length, 5120)
    assert.throws(() => new BroadcastMessage(CHANNEL, ofSize(5121)), {
      code: 'PAYLOAD_TOO_LARGE',
      message: 'payload has 5121 bytes; a broadcast takes at most 5120',
    })
  })
})

const event = (value: unknown): object => ({ aps: { ...PAYLOAD.aps, event: value } })

/** A start in all its parts. */
const STARTS = {
  aps: {
    ...PAYLOAD.aps,
    event: 'start',
    'attributes-type': 'Match',
    attributes: {},
    alert: { title: 'Kick-off', body: '0:0' },
  },
}

/** Wrong in types, too, some of them. */
const WRONG: readonly (readonly [string, RegExp, ...args: readonly unknown[]])[] = [
  ['BAD_CHANNEL', /the id of the channel is missing/, undefined, PAYLOAD],
  ['BAD_CHANNEL', /the id of the channel is missing/, null, PAYLOAD],
  ['BAD_CHANNEL', /the id of the channel is missing/, '', PAYLOAD],
  ['BAD_CHANNEL', /the id of the channel is missing/, {}, PAYLOAD],
  ['BAD_CHANNEL', /channel "not base64!" is no channel id; these are in base64/, 'not base64!', PAYLOAD],
  ['BAD_CHANNEL', /no channel id/, 'A', PAYLOAD],
  ['BAD_CHANNEL', /no channel id/, 'AAAAA', PAYLOAD],
  ['BAD_CHANNEL', /no channel id/, 'A===', PAYLOAD],
  ['BAD_CHANNEL', /no channel id/, 'AAAA\r\n', PAYLOAD],
  ['BAD_CHANNEL', /no channel id/, 'A'.repeat(1028), PAYLOAD],
  ['BAD_CHANNEL', /storagePolicy is 1; it is 'none' or 'latest'/, { ...CHANNEL, storagePolicy: 1 }, PAYLOAD],
  ['BAD_PAYLOAD', /^payload is not an object/, CHANNEL, undefined],
  ['BAD_PAYLOAD', /^payload\.aps: is missing/, CHANNEL, {}],
  ['BAD_PAYLOAD', /^payload\.aps\.event: is missing/, CHANNEL, event(undefined)],
  ['BAD_PAYLOAD', /^payload\.aps\.event: is "begin"/, CHANNEL, event('begin')],
  [
    'BAD_PAYLOAD',
    /^payload\.aps\.content-state: is missing/,
    CHANNEL,
    { aps: { event: 'update', timestamp: 1 } },
  ],
  ['BAD_PAYLOAD', /^payload\.aps\.event: is start; a channel only updates and ends/, CHANNEL, event('start')],
  ['BAD_PAYLOAD', /^payload\.aps\.event: is start/, CHANNEL, { toJSON: () => STARTS }],
  ['BAD_PRIORITY', /priority is 7; a broadcast takes 10, 5 or 1/, CHANNEL, PAYLOAD, { priority: 7 }],
  ['BAD_TOPIC', /is not a bundle id/, CHANNEL, PAYLOAD, { topic: 'com example' }],
  [
    'BAD_TOPIC',
    /topic com\.example\.app\.push-type\.liveactivity ends in the suffix of push type liveactivity/,
    CHANNEL,
    PAYLOAD,
    { topic: `${TOPIC}.push-type.liveactivity` },
  ],
  [
    'BAD_EXPIRATION',
    /expiration is 5, but this channel's storagePolicy is 'none'/,
    CHANNEL,
    PAYLOAD,
    { expiration: 5 },
  ],
  ['BAD_EXPIRATION', /there is no expiration: give the channel with its storagePolicy/, CHANNEL.id, PAYLOAD],
  ['BAD_EXPIRATION', /there is no expiration/, { id: CHANNEL.id }, PAYLOAD],
  ['BAD_EXPIRATION', /expiration is neither a Date/, LATEST, PAYLOAD, { expiration: 'soon' }],
  ['BAD_EXPIRATION', /sendBy is neither a Date/, LATEST, PAYLOAD, { sendBy: 'soon' }],
  ['BAD_OPTION', /ambiguous is/, LATEST, PAYLOAD, { ambiguous: 'perhaps' }],
]

describe('a broadcast that can not be sent', () => {
  for (const [code, message, ...args] of WRONG) {
    it(`is an error: ${message.source}`, () => {
      assert.throws(
        () => new BroadcastMessage(...(args as unknown as Arguments)),
        (error) => error instanceof MessageError && error.code === code && message.test(error.message),
      )
    })
  }

  it('is refused by a manager for devices, and a message to devices by one for broadcasts', async () => {
    const broadcast = new BroadcastMessage(CHANNEL, PAYLOAD)
    await using devices = new ApnsManager({ ...PROVIDER_KEY, topic: TOPIC })
    assert.throws(() => devices.sendMessage(broadcast), {
      code: 'WRONG_BACKEND',
      message: 'a broadcast is sent by a manager with the option backend: BroadcastBackend',
    })
    await using broadcasts = new ApnsManager({ ...PROVIDER_KEY, topic: TOPIC, backend: BroadcastBackend })
    assert.throws(() => broadcasts.sendAps(tokensOf(1), { alert: 'hello' }), {
      code: 'WRONG_BACKEND',
      message: 'BroadcastBackend sends no messages to devices; send them by a manager without it',
    })
    assert.deepEqual([devices.stats().queued, broadcasts.stats().queued], [0, 0])
  })

  it('is refused by a manager that has no topic, or one with a suffix', async () => {
    const broadcast = new BroadcastMessage(CHANNEL, PAYLOAD)
    await using none = new ApnsManager({ ...PROVIDER_KEY, backend: BroadcastBackend })
    assert.throws(() => none.sendMessage(broadcast), { code: 'BAD_TOPIC', message: /^there is no topic/ })
    const topic = `${TOPIC}.push-type.liveactivity`
    await using suffixed = new ApnsManager({ ...PROVIDER_KEY, topic, backend: BroadcastBackend })
    assert.throws(() => suffixed.sendMessage(broadcast), {
      code: 'BAD_TOPIC',
      message: /the bundle id alone$/,
    })
  })
})
