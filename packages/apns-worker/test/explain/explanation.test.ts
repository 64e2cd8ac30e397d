import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { type ExplainOptions, explain, Message, type MessageDraft, type MessageOptions } from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { Sender, TOPIC, tokensOf } from '../support/sender.js'
import { startNodeServer } from '../support/test-servers.js'

failOnLeaks()

const [TOKEN = ''] = tokensOf(1, 'abcdef')
const LIVE = { aps: { event: 'update', timestamp: new Date(), 'content-state': { goals: 1 } } }

const MESSAGES: readonly (readonly [what: string, payload: object, options: MessageOptions])[] = [
  ['an alert', { aps: { alert: 'hello' } }, {}],
  [
    'everything',
    { aps: { alert: { title: 'Grüße 🎉', body: 'it\'s "quoted"\\' } }, list: [1, null] },
    { priority: 5, expiration: 4_000_000_000, collapseId: "score 3:1 'x' ü", topic: 'com.example.other' },
  ],
  ['an id of the caller’s', { aps: { alert: 'hello' } }, { apnsId: '9d3220fe-444b-633e-d1f1-5d0dcb4f537a' }],
  ['a background push', { aps: { 'content-available': 1 } }, {}],
  ['a Live Activity', LIVE, { priority: 5, expiration: 0 }],
  ['a VoIP push', { caller: 'Ada' }, { pushType: 'voip', topic: 'com.example.app' }],
]

describe('what is explained is what is sent', () => {
  for (const [what, payload, options] of MESSAGES) {
    it(`of ${what}, field by field and byte by byte`, async () => {
      const seen: [headers: [string, string][], body: string][] = []
      await using server = await startNodeServer(({ stream, headers, body }) => {
        // Node decodes field values as Latin-1.
        const bytes = (value: unknown): string => Buffer.from(String(value), 'latin1').toString()
        seen.push([Object.entries(headers).map(([name, value]) => [name, bytes(value)]), body.toString()])
        stream.respond({ ':status': 200 }, { endStream: true })
      })
      await using sender = new Sender(server)
      const message = new Message([TOKEN], payload, options)
      await sender.accepted(sender.sendMessage(message))
      const [[headers, body] = [[], '']] = seen
      const { environment } = server
      for (const explained of [message, { payload, tokens: [TOKEN], ...options }]) {
        const explanation = explain(explained, { environment, topic: TOPIC })
        assert.deepEqual(
          explanation.headers.map(([name]) => name),
          headers.map(([name]) => name),
        )
        for (const [index, [name, value]] of explanation.headers.entries()) {
          const sent = headers[index]?.[1] ?? ''
          if (name === 'apns-id') assert.match(sent, new RegExp(`^${value.replaceAll('x', '[0-9a-f]')}$`))
          else
            assert.equal(
              value.replace('$TOKEN', TOKEN).replace('$JWT', sent.slice('bearer '.length)),
              sent,
              name,
            )
        }
        assert.equal(explanation.body, body)
        assert.equal(explanation.payloadBytes, Buffer.byteLength(body))
        assert.equal(explanation.devices, 1)
      }
    })
  }

  it('with a client certificate, which needs no authorization', async () => {
    await using apns = await startSimulator()
    const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
    await using sender = new Sender(apns, { cert, key })
    const message = new Message([TOKEN], { aps: { alert: 'hello' } })
    await sender.accepted(sender.sendMessage(message))
    const { headers } = explain(message, {
      environment: apns.environment,
      topic: TOPIC,
      credentials: 'certificate',
    })
    assert.deepEqual(
      headers.filter(([name]) => !name.startsWith(':')).map(([name]) => name),
      [...(apns.received[0]?.headers.keys() ?? [])],
    )
  })

  it('to Apple’s own hosts', () => {
    const authority = (options: ExplainOptions): string => {
      const { headers, url } = explain({ payload: LIVE }, options)
      const value = new Map(headers).get(':authority') ?? ''
      assert.equal(url, `https://${value}/3/device/$TOKEN`)
      return value
    }
    assert.equal(authority({}), 'api.push.apple.com')
    assert.equal(authority({ environment: 'sandbox' }), 'api.sandbox.push.apple.com')
    assert.equal(authority({ environment: { host: '::1', port: 2197 } }), '[::1]:2197')
    assert.throws(() => authority({ environment: 'test' as 'sandbox' }), TypeError)
    assert.throws(() => authority({ credentials: 'key' as 'token' }), TypeError)
    assert.throws(() => authority({ topic: 'no topic' }), TypeError)
  })
})

describe('the push type', () => {
  it('is stated, with what told it', () => {
    const told = (draft: MessageDraft): unknown[] => {
      const { pushType, pushTypeFrom } = explain(draft, { topic: TOPIC })
      return [pushType, pushTypeFrom]
    }
    assert.deepEqual(told({ payload: LIVE }), ['liveactivity', 'payload'])
    assert.deepEqual(told({ payload: {}, topic: `${TOPIC}.voip` }), ['voip', 'topic'])
    assert.deepEqual(told({ payload: {}, topic: `${TOPIC}.voip`, pushType: 'voip' }), ['voip', 'option'])
    assert.deepEqual(told({ payload: {}, topic: TOPIC }), ['alert', 'payload'])
    assert.equal(explain(new Message([], LIVE)).pushTypeFrom, undefined)
    assert.match(
      String(explain({ payload: LIVE }, { topic: TOPIC })),
      /push type liveactivity, told from the payload/,
    )
    assert.match(
      String(explain(new Message([], LIVE), { topic: TOPIC })),
      /push type liveactivity, for 0 devices/,
    )
  })

  it('has its limit', () => {
    const limit = (pushType: 'alert' | 'voip'): number => explain({ payload: {}, pushType }).payloadLimit
    assert.deepEqual([limit('alert'), limit('voip')], [4096, 5120])
  })
})

describe('the text', () => {
  it('has headers, JSON, size, findings with Apple’s page, and the command', () => {
    const draft = { payload: { aps: { alert: 'hello', bagde: 1 } }, tokens: [TOKEN], priority: 7 }
    const explanation = explain(draft, { topic: TOPIC })
    assert.deepEqual(String(explanation).split('\n'), [
      ':method: POST',
      ':scheme: https',
      ':authority: api.push.apple.com',
      ':path: /3/device/$TOKEN',
      'apns-push-type: alert',
      'authorization: bearer $JWT',
      'apns-topic: com.example.app',
      'apns-priority: 7',
      'apns-id: xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx',
      '',
      '{"aps":{"alert":"hello","bagde":1}}',
      '',
      '35 of 4096 bytes, push type alert, told from the payload, for 1 device',
      'error: priority: 7 does not fit push type alert; it takes 10, 5, 1',
      '    Apple, "Sending notification requests to APNs"',
      'warning: payload.aps.bagde: is no key of Apple’s, and ignored; badge was meant?',
      '    Apple, "Generating a remote notification"',
      '',
      explanation.curl(),
    ])
    assert.deepEqual(
      [explanation.errors.length, explanation.warnings.length, explanation.findings.length],
      [1, 1, 2],
    )
  })

  it('of a message in order says so', () => {
    assert.match(
      String(explain({ payload: { aps: { alert: 'a' } } }, { topic: TOPIC })),
      /\nnothing to object to\n/,
    )
  })

  it('has no character that commands a terminal, or turns the direction of the text', () => {
    const payload = { aps: { alert: '\u009b31m\u202eevil\u2066' }, '\u0085': '\u007f' }
    const text = String(explain({ payload, collapseId: 'a\u0090b' }, { topic: TOPIC }))
    assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Bidi_Control}]/u)
    assert.ok(text.includes('\\u009b31m\\u202eevil'))
    const json = text.split('\n').find((line) => line.startsWith('{')) ?? ''
    assert.deepEqual(JSON.parse(json), payload)
  })

  it('shows no device token', () => {
    for (const message of [new Message([TOKEN], LIVE), { tokens: [TOKEN], payload: LIVE }])
      assert.ok(!String(explain(message)).includes(TOKEN))
  })
})

/** What a POSIX shell makes of a command: its words. */
function wordsOf(command: string, variables: Record<string, string>): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}`
  return execFileSync('/bin/sh', ['-c', script], { env: variables, encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)
}

describe('the command', () => {
  it('is the request, whatever is in it, to a shell', () => {
    for (const [, payload, options] of MESSAGES) {
      const explanation = explain({ payload, ...options }, { topic: TOPIC })
      const words = wordsOf(explanation.curl(), { TOKEN: 'ab', JWT: 'x.y.z' })
      const headers = words.flatMap((word, index) => (words[index - 1] === '--header' ? [word] : []))
      assert.deepEqual(
        headers,
        explanation.headers
          .filter(([name]) => !name.startsWith(':') && name !== 'apns-id')
          .map(([name, value]) => `${name}: ${value.replace('$JWT', 'x.y.z')}`),
      )
      assert.equal(words[words.indexOf('--data-raw') + 1], explanation.body)
      assert.equal(words.at(-1), 'https://api.push.apple.com/3/device/ab')
    }
  })

  it('has the certificate, and the authority, where these are asked for', () => {
    const environment = { host: 'localhost', ca: 'pem' }
    const command = explain(
      { payload: LIVE },
      { topic: TOPIC, environment, credentials: 'certificate' },
    ).curl()
    const words = wordsOf(command, { TOKEN: 'ab', CERT: 'c.pem', KEY: 'k.pem', CA: 'ca.pem' })
    for (const [option, value] of [
      ['--cert', 'c.pem'],
      ['--key', 'k.pem'],
      ['--cacert', 'ca.pem'],
    ] as const)
      assert.equal(words[words.indexOf(option) + 1], value)
    assert.ok(!command.includes('JWT'))
    const plain = explain({ payload: LIVE }, { topic: TOPIC, environment: { host: 'localhost' } }).curl()
    assert.ok(!plain.includes('--cacert') && !plain.includes('--cert'))
  })
})
