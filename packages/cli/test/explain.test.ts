import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { type Finished, run, temporaryDirectory } from './command.js'

const TOPIC = 'com.example.app'
const TOKEN = 'a8cc97dc8faf36513348a12eb0b6c50ba76dc3dd9d1398b00688c29a6e4ea884'
const place = temporaryDirectory()

const explain = (args: readonly string[], stdin = '', env: NodeJS.ProcessEnv = {}): Promise<Finished> =>
  run(['explain', ...args], { stdin, env })

describe('apns-worker explain', () => {
  it('shows the request, its size, and the line for curl', async () => {
    const { code, stdout, stderr } = await explain([TOKEN, '--alert', "It's here", '--topic', TOPIC])
    assert.equal(stderr, '')
    assert.equal(
      stdout,
      `:method: POST
:scheme: https
:authority: api.push.apple.com
:path: /3/device/$TOKEN
apns-push-type: alert
authorization: bearer $JWT
apns-topic: com.example.app
apns-id: xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx

{"aps":{"alert":"It's here"}}

29 of 4096 bytes, push type alert, told from the payload, for 1 device
nothing to object to

curl --http2 --include --header 'apns-push-type: alert' --header "authorization: bearer $JWT" --header 'apns-topic: com.example.app' --data-raw '{"aps":{"alert":"It'\\''s here"}}' "https://api.push.apple.com/3/device/$TOKEN"
`,
    )
    assert.equal(code, 0)
  })

  it('says what is wrong, and sends nothing', async () => {
    await using apns = await startSimulator()
    const where = ['--environment', `127.0.0.1:${apns.port}`]
    const wrong = ['--content-available', '--alert', 'Hello', '--push-type', 'background', '--topic', TOPIC]
    const { code, stdout } = await explain([...wrong, ...where])
    assert.match(stdout, /^apns-priority: 5$/m)
    assert.match(
      stdout,
      /^error: payload\.aps\.alert: .*\n {4}Apple, "Pushing background updates to your App"$/m,
    )
    assert.equal(code, 1)
    assert.equal(apns.counts().connections, 0)
  })

  it('is content with what may merely surprise', async () => {
    const { code, stdout } = await explain([
      '--payload',
      '{"aps":{"alert":"Hi","bagde":1}}',
      '--topic',
      TOPIC,
    ])
    assert.match(stdout, /^warning: payload\.aps\.bagde: .*badge/m)
    assert.equal(code, 0)
  })

  it('takes the same options as send', async () => {
    const ca = join(place, 'ca.pem')
    writeFileSync(ca, '-')
    const options = [
      ...['--title', 'T', '--body', 'B', '--priority', '5', '--expiration', '0', '--collapse-id', 'c'],
      ...['--topic', TOPIC, '--environment', 'relay.example:8443', '--ca', ca, '--pfx', 'push.p12'],
    ]
    const { code, stdout, stderr } = await explain([`<${TOKEN.toUpperCase()}>`, ...options])
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /^:authority: relay\.example:8443$/m)
    for (const field of ['priority: 5', 'expiration: 0', 'collapse-id: c', `topic: ${TOPIC}`])
      assert.match(stdout, new RegExp(`^apns-${field}$`, 'm'))
    assert.doesNotMatch(stdout, /authorization/)
    assert.match(stdout, /^curl .*--cacert "\$CA" --cert "\$CERT" --key "\$KEY"/m)
  })

  it('takes what no option gives from the environment, and the payload from standard input', async () => {
    const env = { APNS_TOPIC: TOPIC, APNS_ENVIRONMENT: 'sandbox', APNS_CERT: 'x' }
    const { code, stdout } = await explain(['--payload', '-'], '{"aps":{"alert":"Hi"}}', env)
    assert.match(stdout, /^:authority: api\.sandbox\.push\.apple\.com$/m)
    assert.match(stdout, /^apns-topic: com\.example\.app$/m)
    assert.match(stdout, /--cert "\$CERT"/)
    assert.equal(code, 0)
    const typed = await explain(['--alert', 'Hi', '--key', 'key.p8'], '', env)
    assert.match(typed.stdout, /^authorization: bearer \$JWT$/m)
  })

  it('prints JSON for programs, in which every key is there', async () => {
    const { code, stdout } = await explain(['beef', 'nonsense', '--alert', 'Hi', '--topic', TOPIC, '--json'])
    assert.match(stdout, /^\{.*\}\n$/)
    const { headers, curl, findings, ...rest } = JSON.parse(stdout)
    assert.deepEqual(rest, {
      url: 'https://api.push.apple.com/3/device/$TOKEN',
      body: '{"aps":{"alert":"Hi"}}',
      payloadBytes: 22,
      payloadLimit: 4096,
      pushType: 'alert',
      pushTypeFrom: 'payload',
      devices: 0,
      channelId: null,
    })
    assert.deepEqual(headers[0], [':method', 'POST'])
    assert.match(curl, /^curl --http2 /)
    assert.equal(findings.length, 1)
    assert.deepEqual(Object.keys(findings[0]), ['severity', 'where', 'problem', 'page'])
    assert.deepEqual([findings[0].severity, findings[0].where], ['error', 'tokens'])
    assert.equal(code, 1)
  })

  it('shows a broadcast to a channel', async () => {
    const update = { aps: { event: 'update', timestamp: 1_700_000_000, 'content-state': {} } }
    const options = ['--channel', 'QUJD', '--payload', JSON.stringify(update), '--topic', TOPIC]
    const { code, stdout, stderr } = await explain([...options, '--storage', 'none', '--priority', '5'])
    assert.equal(stderr, '')
    assert.deepEqual(stdout.split('\n').slice(3, 13), [
      ':path: /4/broadcasts/apps/com.example.app',
      'authorization: bearer $JWT',
      'apns-channel-id: QUJD',
      'apns-push-type: liveactivity',
      'apns-priority: 5',
      'apns-expiration: 0',
      'apns-request-id: xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx',
      '',
      JSON.stringify(update),
      '',
    ])
    assert.match(stdout, /^68 of 5120 bytes, push type liveactivity, for a channel\nnothing to object to$/m)
    assert.equal(code, 0)
    const unknown = await explain([...options, '--json', '--environment', 'sandbox'])
    const { url, channelId, findings } = JSON.parse(unknown.stdout)
    assert.equal(url, `https://api-broadcast.sandbox.push.apple.com/4/broadcasts/apps/${TOPIC}`)
    assert.equal(channelId, 'QUJD')
    assert.deepEqual([findings[0].severity, findings[0].where], ['error', 'expiration'])
    assert.equal(unknown.code, 1)
    const later = await explain([
      ...options,
      '--expiration',
      '+1h',
      '--storage',
      'latest',
      '--priority',
      '10',
    ])
    assert.match(later.stdout, /^apns-priority: 10\napns-expiration: \d{10}$/m)
  })

  it('refuses options that make no sense', async () => {
    const wrong: readonly (readonly [args: readonly string[], words: RegExp])[] = [
      [[], /nothing to send/],
      [['--alert', 'Hi', '--priority', '7'], /It is 10, 5 or 1/],
      [['--alert', 'Hi', '--push-type', 'sms'], /Allowed choices/],
      [['--alert', 'Hi', '--environment', 'staging'], /--environment is staging/],
      [['--alert', 'Hi', '--topic', 'not a topic'], /is not a bundle id/],
      [['--alert', 'Hi', '--storage', 'none'], /--storage is about a channel/],
      [['--alert', 'Hi', '--channel', 'QUJD', TOKEN], /no device tokens/],
      [['--alert', 'Hi', '--channel', 'QUJD', '--push-type', 'alert'], /no --push-type/],
      [['--alert', 'Hi', '--channel', 'QUJD', '--collapse-id', 'c'], /no --collapse-id/],
      [['--alert', 'Hi', '--channel', 'QUJD', '--storage', 'all'], /Allowed choices/],
    ]
    for (const [args, words] of wrong) {
      const { code, stdout, stderr } = await explain(args)
      assert.match(stderr, words)
      assert.equal(stdout, '')
      assert.equal(code, 2)
    }
  })
})
