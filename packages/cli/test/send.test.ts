import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import {
  type CredentialFiles,
  type Simulator,
  startSimulator,
  writeCredentials,
} from '@apns-worker/simulator'
import { run, temporaryDirectory } from './command.js'

const TOPIC = 'com.example.app'
const A = 'aa'.repeat(32)
const B = 'bb'.repeat(32)
const DEAD = `dead${'0'.repeat(60)}`
const BAD = `bad0${'0'.repeat(60)}`
const DIED = new Date('2026-01-02T03:04:05.678Z')

const place = temporaryDirectory()
let apns: Simulator
let files: CredentialFiles
/** Where to, and with a provider token. */
let where: string[]
let withKey: string[]
let seen = 0

before(async () => {
  apns = await startSimulator({
    rules: [
      { tokenPrefix: 'dead', unregistered: DIED },
      { tokenPrefix: 'bad0', badDeviceToken: true },
    ],
  })
  files = await writeCredentials(apns, join(place, 'credentials'), [TOPIC])
  where = ['--environment', `localhost:${apns.port}`, '--ca', files.caPath]
  withKey = [...where, '--key', files.keyPath, '--team-id', files.teamId, '--topic', TOPIC]
})
after(() => apns.close())
beforeEach(() => {
  seen = apns.received.length
})

const received = () => apns.received.slice(seen)
const receivedTokens = () =>
  received()
    .map(({ token }) => token)
    .sort()
const fileOf = (name: string, text: string): string => {
  const path = join(place, name)
  writeFileSync(path, text)
  return path
}

test('tokens as arguments, with a provider token key: all sent', async () => {
  const { code, stdout, stderr } = await run([
    'send',
    A,
    `<${B.toUpperCase()}>`,
    A,
    '--alert',
    'Hello',
    ...withKey,
  ])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^2 of 2 accepted in [\d.]+ s, .*\n1 duplicate left out/)
  assert.match(stderr, /^100% {2}2 accepted, 0 refused/)
  assert.deepEqual(receivedTokens(), [A, B])
  for (const each of received()) {
    assert.deepEqual(each.payload, { aps: { alert: 'Hello' } })
    assert.equal(each.topic, TOPIC)
    assert.equal(each.pushType, 'alert')
    assert.equal(each.authentication, 'token')
  }
})

for (const [kind, options] of [
  ['a PEM certificate', () => ['--cert', files.certPath, '--key', files.certKeyPath]],
  ['a PKCS#12 file', () => ['--pfx', files.pfxPath]],
] as const) {
  test(`with ${kind}`, async () => {
    const { code, stderr } = await run([
      'send',
      A,
      '--alert',
      'Hello',
      '--topic',
      TOPIC,
      ...where,
      ...options(),
    ])
    assert.equal(code, 0, stderr)
    assert.deepEqual(
      received().map((each) => each.authentication),
      ['certificate'],
    )
  })
}

test('with an encrypted PKCS#12 file and its passphrase in a file', async () => {
  const { pfx } = apns.clientCertificate({ topics: [TOPIC], passphrase: 'open sesame' })
  const path = join(place, 'locked.p12')
  writeFileSync(path, pfx)
  const options = ['send', A, '--alert', 'Hello', '--topic', TOPIC, ...where, '--pfx', path]
  const { code, stderr } = await run([...options, '--passphrase-file', fileOf('passphrase', 'open sesame\n')])
  assert.equal(code, 0, stderr)
  const wrong = await run([...options, '--passphrase', 'open barley'])
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /passphrase/)
  assert.ok(!wrong.stderr.includes('barley'))
})

test('with everything from the environment', async () => {
  const env = {
    APNS_KEY: readFileSync(files.keyPath, 'utf8'),
    APNS_KEY_ID: files.keyId,
    APNS_TEAM_ID: files.teamId,
    APNS_TOPIC: TOPIC,
    APNS_ENVIRONMENT: `localhost:${apns.port}`,
    APNS_CA_PATH: files.caPath,
  }
  const { code, stderr } = await run(['send', A, '--alert', 'Hello'], { env })
  assert.equal(code, 0, stderr)
  assert.equal(received().length, 1)
})

test('tokens from standard input, as CSV from a file, and from a file of lines', async () => {
  const piped = await run(['send', '--title', 'T', ...withKey], {
    stdin: `# devices\n\n${A}\n<${B.match(/.{8}/g)?.join(' ')}>\n`,
  })
  assert.equal(piped.code, 0, piped.stderr)
  assert.deepEqual(receivedTokens(), [A, B])
  seen = apns.received.length
  const csv = fileOf('users.csv', `id;Device token;name\r\n1;${A};"a;b"\r\n2;"${B}";x\r\n`)
  assert.equal((await run(['send', '--tokens-file', csv, '--title', 'T', ...withKey])).code, 0)
  assert.deepEqual(receivedTokens(), [A, B])
  seen = apns.received.length
  assert.equal((await run(['send', '--tokens-file', fileOf('list', A), '--title', 'T', ...withKey])).code, 0)
  assert.deepEqual(receivedTokens(), [A])
})

test('refusals: a table with what to do, outcomes as NDJSON, exit code 1', async () => {
  const outcomes = join(place, 'outcomes.ndjson')
  const { code, stdout, stderr } = await run([
    'send',
    A,
    DEAD,
    BAD,
    '--alert',
    'x',
    '--outcomes',
    outcomes,
    ...withKey,
  ])
  assert.equal(code, 1, stderr)
  assert.match(stdout, /^Unregistered +410 +1 {2}.*Delete the token/m)
  assert.match(stdout, /^BadDeviceToken +400 +1 {2}/m)
  assert.match(stdout, /^1 of 3 accepted, 2 refused in/m)
  const lines = readFileSync(outcomes, 'utf8').trimEnd().split('\n')
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  const byToken = new Map(records.map((record) => [record['token'], record]))
  const idOf = (token: string) => apns.received.findLast((each) => each.token === token)?.id
  assert.deepEqual(byToken.get(A), { token: A, apnsId: idOf(A), outcome: 'accepted', status: 200 })
  assert.deepEqual(byToken.get(DEAD), {
    token: DEAD,
    apnsId: idOf(DEAD),
    outcome: 'refused',
    reason: 'Unregistered',
    status: 410,
    timestamp: DIED.toISOString(),
  })
  assert.equal(byToken.get(BAD)?.['reason'], 'BadDeviceToken')
  assert.equal(records.length, 3)
})

test('--json: one line for programs', async () => {
  const { code, stdout } = await run(['send', A, DEAD, 'oops', A, '--alert', 'x', '--json', ...withKey])
  assert.equal(code, 1)
  const { seconds, ...summary } = JSON.parse(stdout) as Record<string, unknown>
  assert.equal(typeof seconds, 'number')
  assert.deepEqual(summary, {
    tokens: 2,
    accepted: 1,
    refused: 1,
    notSent: 0,
    wrongLines: 1,
    duplicates: 1,
    reasons: { Unregistered: 1 },
    stopped: null,
    error: null,
  })
})

test('a line without a token is reported and the rest is sent, unless --strict', async () => {
  const list = fileOf('mixed', `${A}\noops\n${B}\n`)
  const sent = await run(['send', '--tokens-file', list, '--alert', 'x', ...withKey])
  assert.equal(sent.code, 1)
  assert.match(sent.stderr, /mixed: line 2 is not a hex-encoded device token: "oops"/)
  assert.match(sent.stdout, /2 of 2 accepted.*\n1 line held no device token/)
  seen = apns.received.length
  const strict = await run(['send', '--tokens-file', list, '--alert', 'x', '--strict', ...withKey])
  assert.equal(strict.code, 2)
  assert.match(
    strict.stderr,
    /line 2 is not .*\nerror: nothing was sent: 1 line of .*mixed held no device token/,
  )
  const piped = await run(['send', '--alert', 'x', '--strict', ...withKey], { stdin: 'oops\n' })
  assert.equal(piped.code, 2)
  assert.match(piped.stderr, /error: standard input: line 1 is not/)
  assert.deepEqual(received(), [])
})

test('the headers that the options ask for', async () => {
  const options = [
    '--content-available',
    '--priority',
    '5',
    '--collapse-id',
    'c',
    '--expiration',
    '0',
    '--push-type',
    'background',
  ]
  const { code, stderr } = await run(['send', A, ...options, ...withKey])
  assert.equal(code, 0, stderr)
  const [each] = received()
  assert.deepEqual(
    [each?.pushType, each?.priority, each?.collapseId, each?.expiration, each?.payload],
    ['background', 5, 'c', 0, { aps: { 'content-available': 1 } }],
  )
})

test('the payload from a file, and from standard input', async () => {
  const payload = '{"aps":{"alert":"From a file"},"id":7}'
  assert.equal((await run(['send', A, '--payload', fileOf('payload.json', payload), ...withKey])).code, 0)
  assert.equal((await run(['send', B, '--payload', '-', ...withKey], { stdin: payload })).code, 0)
  assert.deepEqual(
    received().map((each) => each.payload),
    [JSON.parse(payload), JSON.parse(payload)],
  )
})

const UNUSABLE: [name: string, args: () => string[], message: RegExp][] = [
  ['no credential', () => [A, '--alert', 'x', '--topic', TOPIC, ...where], /^error: No credential is given/],
  ['a key that is not there', () => [A, '--alert', 'x', ...where, '--key', 'none.p8'], /^error: .*none\.p8/],
  ['nothing to send', () => [A, ...withKey], /^error: nothing to send/],
  ['no topic', () => [A, '--alert', 'x', ...withKey.slice(0, -2)], /^error: .*topic/],
  [
    'a payload that is too large',
    () => [A, '--alert', 'x'.repeat(5_000), ...withKey],
    /^error: payload has \d+ bytes/,
  ],
  ['no tokens', () => ['--alert', 'x', ...withKey], /^error: standard input: no device tokens/m],
  [
    'no such list',
    () => ['--tokens-file', 'none.txt', '--alert', 'x', ...withKey],
    /^error: cannot read the tokens/,
  ],
  ['two sources', () => [A, '--tokens-file', 'x', '--alert', 'x', ...withKey], /give one/],
  ['an unknown option', () => [A, '--alret', 'x', ...withKey], /unknown option '--alret'/],
  ['a wrong priority', () => [A, '--alert', 'x', '--priority', '7', ...withKey], /It is 10, 5 or 1/],
  [
    'outcomes that cannot be written',
    () => [A, '--alert', 'x', '--outcomes', '/no/such/x', ...withKey],
    /^error: cannot write the outcomes/,
  ],
]
for (const [name, args, message] of UNUSABLE) {
  test(`could not run: ${name}`, async () => {
    const { code, stdout, stderr } = await run(['send', ...args()])
    assert.equal(code, 2)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /^ {4}at /m)
    assert.equal(stdout, '')
    assert.deepEqual(received(), [])
  })
}

test('what is wrong for every notification stops the sending, is said once, and earns exit code 2', async () => {
  const stranger = apns.addKey()
  apns.revokeKey(stranger.keyId)
  const keyPath = fileOf(`AuthKey_${stranger.keyId}.p8`, stranger.key)
  const list = fileOf(
    'many',
    Array.from({ length: 3_000 }, (_, index) => index.toString(16).padStart(64, '0')).join('\n'),
  )
  const outcomes = join(place, 'stopped.ndjson')
  const args = [
    '--tokens-file',
    list,
    '--alert',
    'x',
    '--topic',
    TOPIC,
    '--key',
    keyPath,
    '--team-id',
    stranger.teamId,
  ]
  const { code, stdout, stderr } = await run(['send', ...args, '--outcomes', outcomes, '--json', ...where])
  assert.equal(code, 2)
  assert.equal(stderr.match(/InvalidProviderToken/g)?.length, 1, stderr)
  const summary = JSON.parse(stdout) as Record<string, unknown>
  // How much of the list was read by then is chance; all that was is accounted for.
  const { tokens } = summary
  assert.deepEqual(
    [summary['accepted'], summary['notSent'], summary['stopped']],
    [0, tokens, 'configuration'],
  )
  assert.equal(readFileSync(outcomes, 'utf8').trimEnd().split('\n').length, tokens)
})

test('help says what the exit codes mean, and no option shows a secret', async () => {
  const help = await run(['send', '--help'])
  assert.equal(help.code, 0)
  assert.match(help.stdout, /Exit codes:\n {2}0 {4}every notification was accepted/)
  assert.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+/)
  assert.equal((await run([])).code, 2)
  const verbose = await run(['send', A, '--alert', 'x', '--verbose', ...withKey])
  const key = readFileSync(files.keyPath, 'utf8').split('\n')[1] ?? ''
  assert.ok(key.length > 20 && !verbose.stderr.includes(key) && !/bearer|eyJ/.test(verbose.stderr))
})
