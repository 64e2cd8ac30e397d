import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { credentialsFrom } from '#src/credential-flags.js'
import { parseEnvironment } from '#src/environment-flag.js'
import { parseExpiration } from '#src/expiration.js'
import { payloadFrom } from '#src/payload-flags.js'

const place = mkdtempSync(join(tmpdir(), 'apns-worker-cli-'))
after(() => rmSync(place, { recursive: true }))
const fileOf = (name: string, text: string): string => {
  const path = join(place, name)
  writeFileSync(path, text)
  return path
}

test('an expiration is Unix seconds, a date, or a time from now', () => {
  const nowMs = Date.UTC(2026, 0, 1)
  const now = nowMs / 1_000
  assert.equal(parseExpiration('0', nowMs), 0)
  assert.equal(parseExpiration(String(now + 5), nowMs), now + 5)
  assert.equal(parseExpiration('2026-01-02', nowMs), now + 86_400)
  assert.equal(parseExpiration('2026-01-01T13:00+01:00', nowMs), now + 12 * 3_600)
  assert.equal(parseExpiration('+30m', nowMs), now + 1_800)
  assert.equal(parseExpiration('+1w2d3h4m5s', nowMs), now + 604_800 + 2 * 86_400 + 3 * 3_600 + 4 * 60 + 5)
  for (const text of ['tomorrow', '+5', '+5y', '', '-3', '1.5', '2026-13-40']) {
    assert.throws(() => parseExpiration(text, nowMs), /is neither/, text)
  }
  assert.throws(() => parseExpiration('2025-01-01', nowMs), /has passed/)
})

test('a payload from options', () => {
  assert.deepEqual(payloadFrom({ alert: 'Hi' }), { aps: { alert: 'Hi' } })
  assert.deepEqual(payloadFrom({ title: 'T', body: 'B', badge: '0', sound: 'default' }), {
    aps: { alert: { title: 'T', body: 'B' }, badge: 0, sound: 'default' },
  })
  assert.deepEqual(payloadFrom({ alert: 'B', title: 'T' }), { aps: { alert: { title: 'T', body: 'B' } } })
  assert.deepEqual(
    payloadFrom({ contentAvailable: true, data: ['id=7', 'name=x=y', 'list=[1]', 'word=true story'] }),
    {
      id: 7,
      name: 'x=y',
      list: [1],
      word: 'true story',
      aps: { 'content-available': 1 },
    },
  )
  assert.deepEqual(
    payloadFrom({
      alert: 'x',
      threadId: 't',
      category: 'c',
      mutableContent: true,
      interruptionLevel: 'passive',
      relevanceScore: '0.5',
      targetContentId: 'w',
    }),
    {
      aps: {
        alert: 'x',
        category: 'c',
        'thread-id': 't',
        'mutable-content': 1,
        'interruption-level': 'passive',
        'relevance-score': 0.5,
        'target-content-id': 'w',
      },
    },
  )
})

test('a payload as JSON or from a file, with options added', () => {
  const path = fileOf('payload.json', '{"aps":{"alert":{"title":"T"},"badge":1},"x":1}')
  assert.deepEqual(payloadFrom({ payload: path }), { aps: { alert: { title: 'T' }, badge: 1 }, x: 1 })
  assert.deepEqual(payloadFrom({ payload: path, badge: '2', body: 'B' }), {
    aps: { alert: { title: 'T', body: 'B' }, badge: 2 },
    x: 1,
  })
  assert.deepEqual(payloadFrom({ payload: '{"mdm":"magic"}' }), { mdm: 'magic' })
})

test('a payload that makes no sense is an error that says so', () => {
  assert.throws(() => payloadFrom({}), /nothing to send/)
  assert.throws(() => payloadFrom({ alert: 'a', body: 'b' }), /the same text/)
  assert.throws(() => payloadFrom({ badge: 'many' }), /--badge is many/)
  assert.throws(() => payloadFrom({ badge: '-1' }), /--badge is -1/)
  assert.throws(() => payloadFrom({ alert: 'a', interruptionLevel: 'loud' }), /one of passive/)
  assert.throws(() => payloadFrom({ data: ['x'] }), /not KEY=VALUE/)
  assert.throws(() => payloadFrom({ data: ['aps=1'] }), /options of their own/)
  assert.throws(() => payloadFrom({ payload: '{"aps"' }), /--payload is not JSON/)
  assert.throws(() => payloadFrom({ payload: fileOf('list.json', '[1]') }), /not a JSON object/)
  assert.throws(() => payloadFrom({ payload: join(place, 'none.json') }), /cannot read --payload/)
})

test('credentials: what is typed puts the environment out of force', () => {
  const environment = {
    APNS_KEY_PATH: 'env.p8',
    APNS_KEY_ID: 'ENVKEYID00',
    APNS_TEAM_ID: 'ENVTEAMID0',
    APNS_PASSPHRASE: 'env',
  }
  assert.equal(credentialsFrom({}, environment).keyPath, 'env.p8')
  assert.deepEqual(credentialsFrom({ key: 'my.p8' }, environment), {
    keyPath: 'my.p8',
    keyId: 'ENVKEYID00',
    teamId: 'ENVTEAMID0',
    passphrase: 'env',
  })
  const certificate = credentialsFrom({ cert: 'my.pem' }, environment)
  assert.deepEqual(
    [certificate.certPath, certificate.keyPath, certificate.keyId],
    ['my.pem', undefined, undefined],
  )
  assert.equal(
    credentialsFrom({ pfx: 'my.p12', passphraseFile: fileOf('pass', 'secret\n') }, environment).passphrase,
    'secret',
  )
  assert.throws(() => credentialsFrom({ passphrase: 'a', passphraseFile: 'b' }, {}), /give one/)
  assert.throws(
    () => credentialsFrom({ passphraseFile: join(place, 'none') }, {}),
    /cannot read --passphrase-file/,
  )
})

test('an environment is one of Apple’s, or host:port with its authority', () => {
  assert.equal(parseEnvironment('production', undefined), 'production')
  assert.equal(parseEnvironment('sandbox', undefined), 'sandbox')
  const ca = fileOf('ca.pem', 'PEM')
  assert.deepEqual(parseEnvironment('localhost:8443', ca), { host: 'localhost', port: 8443, ca: 'PEM' })
  assert.deepEqual(parseEnvironment('[::1]:443', undefined), { host: '::1', port: 443, ca: undefined })
  for (const text of ['prod', 'localhost', 'localhost:0', 'localhost:99999', 'https://x:1']) {
    assert.throws(() => parseEnvironment(text, undefined), /production, sandbox, or host:port/, text)
  }
  assert.throws(() => parseEnvironment('sandbox', ca), /--ca is for another server/)
  assert.throws(() => parseEnvironment('localhost:1', join(place, 'none')), /cannot read --ca/)
})
