import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import {
  BroadcastBackend,
  type BroadcastDraft,
  BroadcastMessage,
  type BroadcastOptions,
  type Channel,
  type ExplainOptions,
  explain,
  MessageError,
} from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { Sender, TOPIC } from '../support/sender.js'
import { startNodeServer } from '../support/test-servers.js'
import { END, NOW, OPTIONS, START, UPDATE } from './finds.js'

failOnLeaks()

const ID = 'dHN0LXNyY2gtY2hubA=='
const NONE: Channel = { id: ID, storagePolicy: 'none' }
const LATEST: Channel = { id: ID, storagePolicy: 'latest' }
const PAYLOAD = { aps: UPDATE, note: "it's “here”" }
const EIGHT_HOURS = 8 * 3600

describe('an explained broadcast', () => {
  const BROADCASTS: readonly (readonly [channel: BroadcastDraft['channel'], options: BroadcastOptions])[] = [
    [NONE, {}],
    [LATEST, { priority: 5, topic: 'com.example.other' }],
    [ID, { expiration: 4_000_000_000, priority: 1 }],
  ]
  for (const [index, [channel, options]] of BROADCASTS.entries()) {
    it(`is what is sent, field by field and byte by byte (${index})`, async () => {
      const seen: [headers: [string, unknown][], body: string][] = []
      await using server = await startNodeServer(({ stream, headers, body }) => {
        seen.push([Object.entries(headers), body.toString()])
        stream.respond({ ':status': 200 }, { endStream: true })
      })
      await using sender = new Sender(server, { backend: BroadcastBackend })
      const message = new BroadcastMessage(channel, PAYLOAD, options)
      await sender.accepted(sender.sendMessage(message))
      const [[headers, body] = [[], '']] = seen
      const { environment } = server
      const { expiration } = message
      for (const explained of [message, { channel, payload: PAYLOAD, ...options, expiration }]) {
        const explanation = explain(explained, { environment, topic: TOPIC })
        const sent = new Map(headers)
        const jwt = String(sent.get('authorization')).replace('bearer ', '')
        assert.deepEqual(
          explanation.headers.map(([name, value]) =>
            name === 'apns-request-id' ? [name, ''] : [name, value.replace('$JWT', jwt)],
          ),
          headers.map(([name, value]) => (name === 'apns-request-id' ? [name, ''] : [name, value])),
        )
        const id = new Map(explanation.headers).get('apns-request-id') ?? ''
        assert.match(String(sent.get('apns-request-id')), new RegExp(`^${id.replaceAll('x', '[0-9a-f]')}$`))
        assert.equal(explanation.body, body)
        assert.deepEqual(
          [explanation.payloadBytes, explanation.payloadLimit, explanation.channelId, explanation.devices],
          [Buffer.byteLength(body), 5120, ID, 0],
        )
      }
    })
  }

  it('goes to the host of the option, or of Apple’s examples', () => {
    const place = (options: ExplainOptions): string => {
      const { headers, url } = explain({ channel: NONE, payload: PAYLOAD }, { ...OPTIONS, ...options })
      const authority = new Map(headers).get(':authority') ?? ''
      assert.equal(url, `https://${authority}/4/broadcasts/apps/${TOPIC}`)
      return authority
    }
    assert.equal(place({}), 'api-broadcast.push.apple.com')
    assert.equal(place({ environment: 'sandbox' }), 'api-broadcast.sandbox.push.apple.com')
    assert.equal(place({ broadcastHost: 'api' }), 'api.push.apple.com')
    assert.equal(place({ broadcastHost: { host: 'relay.example', port: 8443 } }), 'relay.example:8443')
    assert.equal(place({ environment: { host: 'localhost', port: 1 } }), 'localhost:1')
    assert.throws(() => place({ broadcastHost: 'broadcast' as 'api' }), TypeError)
    assert.throws(() => place({ credentials: 'key' as 'token' }), TypeError)
  })

  it('has no provider token where a client certificate is used, and nothing to say of that', () => {
    const { headers, findings } = explain(
      { channel: NONE, payload: PAYLOAD, priority: 5 },
      { ...OPTIONS, credentials: 'certificate' },
    )
    assert.ok(!new Map(headers).has('authorization'))
    assert.deepEqual(findings, [])
  })

  it('is printed like a message to devices', () => {
    const explanation = explain({ channel: NONE, payload: PAYLOAD, priority: 5 }, OPTIONS)
    const body = JSON.stringify(PAYLOAD)
    assert.deepEqual(String(explanation).split('\n'), [
      ':method: POST',
      ':scheme: https',
      ':authority: api-broadcast.push.apple.com',
      ':path: /4/broadcasts/apps/com.example.app',
      'authorization: bearer $JWT',
      `apns-channel-id: ${ID}`,
      'apns-push-type: liveactivity',
      'apns-priority: 5',
      'apns-expiration: 0',
      'apns-request-id: xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx',
      '',
      body,
      '',
      `${Buffer.byteLength(body)} of 5120 bytes, push type liveactivity, for a channel`,
      'nothing to object to',
      '',
      explanation.curl(),
    ])
  })

  it('is the request, whatever is in it, to a shell', () => {
    const explanation = explain({ channel: NONE, payload: PAYLOAD }, OPTIONS)
    const script = `curl() { printf '%s\\0' "$@"; }\n${explanation.curl()}`
    const words = execFileSync('/bin/sh', ['-c', script], { env: { JWT: 'x.y.z' }, encoding: 'utf8' }).split(
      '\0',
    )
    assert.deepEqual(
      words.filter((_, index) => words[index - 1] === '--header'),
      [
        'authorization: bearer x.y.z',
        `apns-channel-id: ${ID}`,
        'apns-push-type: liveactivity',
        'apns-priority: 10',
        'apns-expiration: 0',
      ],
    )
    assert.equal(words[words.indexOf('--data-raw') + 1], explanation.body)
    assert.equal(words.at(-2), `https://api-broadcast.push.apple.com/4/broadcasts/apps/${TOPIC}`)
  })
})

describe('what is found in a broadcast', () => {
  type Wrong = { readonly [K in keyof BroadcastDraft]?: unknown }
  const QUIET = { channel: NONE, payload: { aps: UPDATE }, priority: 5 }
  const linesOf = (draft: Wrong, options = OPTIONS): string[] =>
    explain({ ...QUIET, ...draft } as BroadcastDraft, options).findings.map(
      ({ severity, where, problem }) => `${severity} ${where}: ${problem}`,
    )

  it('is nothing in one that is in order', () => {
    for (const draft of [
      {},
      { payload: { aps: END } },
      { channel: LATEST },
      { channel: LATEST, expiration: NOW + EIGHT_HOURS },
      { channel: ID, expiration: 0 },
      { sendBy: NOW + 1 },
    ])
      assert.deepEqual(linesOf(draft), [])
  })

  const FOUND: readonly (readonly [draft: Wrong, ...expected: string[]])[] = [
    [{ channel: 'no base64!' }, 'error channel'],
    [{ channel: { id: ID, storagePolicy: 'all' } }, 'error channel: storagePolicy is "all"'],
    [{ channel: ID }, 'error expiration: there is no expiration'],
    [{ expiration: NOW + 60 }, "error expiration: is 1700000060, but this channel's storagePolicy is 'none'"],
    [{ channel: 'no base64!', expiration: 'x' }, 'error channel', 'error expiration'],
    [{ payload: { aps: START } }, 'error payload.aps.event: is start'],
    // What else a start lacks, or has, is of no interest.
    [{ payload: { aps: { event: 'start', bagde: 1 } } }, 'error payload.aps.event: is start'],
    [{ payload: { aps: { ...UPDATE, timestamp: undefined } } }, 'error payload.aps.timestamp: is missing'],
    [{ payload: 'text' }, 'error payload: is not an object', 'error payload.aps: is missing'],
    [{ payload: { aps: { ...UPDATE, note: 1n } } }, 'error payload.aps.note: a bigint is not JSON'],
    [
      { payload: { aps: UPDATE, text: 'x'.repeat(5120) } },
      'error payload: has 5207 bytes; a broadcast takes at most 5120',
    ],
    [{ priority: 7 }, 'error priority: is 7; a broadcast takes 10, 5 or 1'],
    [{ topic: 'no topic' }, 'error topic'],
    [{ topic: `${TOPIC}.voip` }, `error topic: ${TOPIC}.voip ends in the suffix of push type voip`],
    [{ ambiguous: 'maybe' }, 'error ambiguous'],
    [{ sendBy: 'x' }, 'error sendBy: is neither a Date nor Unix seconds'],
    [{ sendBy: NOW }, 'error sendBy: 2023-11-14T22:13:20.000Z has passed: nothing is sent'],
    [
      { channel: LATEST, expiration: NOW },
      'error expiration: 2023-11-14T22:13:20.000Z has passed: nothing is sent',
    ],
    [
      { channel: LATEST, expiration: NOW, sendBy: NOW + 1 },
      'warning expiration: 2023-11-14T22:13:20.000Z has passed',
    ],
    [
      { channel: LATEST, expiration: NOW + EIGHT_HOURS + 61 },
      'warning expiration: 2023-11-15T06:14:21.000Z is far off',
    ],
    [{ channel: LATEST, expiration: 0 }, 'warning expiration: 0 is not stored'],
    [{ channel: ID, expiration: NOW + 60 }, 'warning expiration: is refused (BadExpirationDate)'],
    [{ priority: undefined }, 'warning priority: an update of priority 10 counts against the hourly budget'],
    [{ priority: 1 }, 'warning priority: 1 never wakes'],
    [{ payload: { aps: { ...UPDATE, bagde: 1 } } }, 'warning payload.aps.bagde'],
    [
      { payload: { aps: { ...UPDATE, attributes: {} } } },
      'warning payload.aps.attributes: is read at the start only',
    ],
  ]
  for (const [draft, ...expected] of FOUND) {
    it(`is ${expected.join(', ').slice(0, 80)}`, () => {
      const lines = linesOf(draft)
      assert.equal(lines.length, expected.length, lines.join('\n'))
      for (const [index, text] of expected.entries()) assert.ok(lines[index]?.startsWith(text), lines[index])
    })
  }

  it('is that there is no topic, or one with a suffix, of the manager’s too', () => {
    assert.match(linesOf({}, { now: new Date(NOW * 1000) }).join(), /^error topic: there is no topic/)
    const topic = `${TOPIC}.push-type.liveactivity`
    assert.match(
      linesOf({}, { ...OPTIONS, topic }).join(),
      /^error topic: .* ends in the suffix of push type liveactivity/,
    )
  })

  it('has the page of Apple’s that has the rule', () => {
    const { findings } = explain({ ...QUIET, channel: ID } as BroadcastDraft, OPTIONS)
    assert.equal(findings[0]?.page, 'Sending broadcast push notification requests to APNs')
  })

  it('is an error just where a BroadcastMessage is not made, or not sent', () => {
    for (const [draft] of FOUND) {
      const { channel, payload, ...options } = { ...QUIET, ...draft } as BroadcastDraft
      const { errors } = explain({ channel, payload, ...options }, OPTIONS)
      let made = true
      try {
        new BroadcastMessage(channel, payload, options)
      } catch (error) {
        assert.ok(error instanceof MessageError)
        made = false
      }
      const isSent = errors.every(({ problem }) => /has passed/.test(problem))
      assert.equal(made, isSent, JSON.stringify(errors))
    }
  })
})
