import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { type ClientCertificateOptions, startSimulator } from '@apns-worker/simulator'
import { certificatePem, KEYS, keyPem } from '../credentials/test-certificates.js'
import { freePort } from '../support/free-port.js'
import { failOnLeaks } from '../support/leaks.js'
import { TOPIC } from '../support/sender.js'
import { PROVIDER_KEY } from '../support/test-identity.js'
import { examine } from './examine.js'

failOnLeaks()

const place = mkdtempSync(join(tmpdir(), 'apns-worker-doctor-'))
after(() => rmSync(place, { recursive: true }))

const DAY_MS = 86_400_000
/** Nobody is there, and that is not the question here. */
const nowhere = { host: '127.0.0.1', port: await freePort() }
const apns = await startSimulator()
after(() => apns.close())

const certificate = (options: Partial<ClientCertificateOptions> = {}): { cert: string; key: string } => {
  const { cert, key } = apns.clientCertificate({ topics: [TOPIC], ...options })
  return { cert, key }
}
const days = (count: number): Date => new Date(Date.now() + count * DAY_MS)

describe('the check of the credential', () => {
  it('names key and team', async () => {
    const found = await examine({ ...PROVIDER_KEY, topic: TOPIC, servers: [nowhere] })
    found.assertFound('credential', 'OK', /key ABCDE12345 of team TEAM567890; it does not expire/, 'ok')
    assert.deepEqual(found.of('credential').facts, {
      kind: 'token',
      keyId: 'ABCDE12345',
      teamId: 'TEAM567890',
    })
  })

  it("warns of a key id that is not the one in the file's name", async () => {
    const keyPath = join(place, 'AuthKey_ABCDE12345.p8')
    writeFileSync(keyPath, PROVIDER_KEY.key)
    const same = await examine({ keyPath, teamId: PROVIDER_KEY.teamId, topic: TOPIC, servers: [nowhere] })
    assert.equal(same.of('credential').code, 'OK')
    const other = await examine({
      keyPath,
      keyId: 'OTHER12345',
      teamId: PROVIDER_KEY.teamId,
      servers: [nowhere],
    })
    other.assertFound('credential', 'KEY_ID_DIFFERS', /named for another key, ABCDE12345/, 'warning')
  })

  it('says what is wrong with one that can not be used, and goes on with what needs none', async () => {
    const wrong = [
      [{}, 'CREDENTIALS_MISSING'],
      [{ keyPath: join(place, 'nowhere.p8'), teamId: 'TEAM567890' }, 'KEY_FILE_NOT_FOUND'],
      [certificate({ notBefore: days(-30), notAfter: days(-1) }), 'CERTIFICATE_EXPIRED'],
    ] as const
    for (const [credential, code] of wrong) {
      const found = await examine({ ...credential, topic: TOPIC, servers: [apns.environment] })
      found.assertFound('credential', code, /\w/)
      assert.deepEqual(found.of('credential').blocks, ['topic', 'authentication', 'clock'])
      assert.deepEqual(found.codes, {
        credential: code,
        dns: 'OK',
        tcp: 'OK',
        tls: 'OK',
        alpn: 'OK',
        settings: 'OK',
      })
    }
  })

  it('tells of a certificate what it is for and until when, and warns thirty days before', async () => {
    const good = await examine({ ...certificate(), servers: [nowhere] })
    good.assertFound('credential', 'OK', /for production and sandbox; valid until \d{4}-\d\d-\d\d$/, 'ok')
    const ends: readonly (readonly [days: number, words: RegExp])[] = [
      [29.9, /in 29 days.*Renew it/],
      [1.5, /tomorrow/],
      [0.9, /in less than a day/],
    ]
    for (const [left, words] of ends) {
      const late = await examine({ ...certificate({ notAfter: days(left) }), servers: [nowhere] })
      late.assertFound('credential', 'CERTIFICATE_EXPIRES_SOON', words, 'warning')
    }
    for (const environment of ['production', 'sandbox'] as const) {
      const only = await examine({ ...certificate({ environments: [environment] }), servers: [nowhere] })
      only.assertFound('credential', 'OK', new RegExp(`${environment} only`), 'ok')
    }
  })
})

describe('the check of the topic', () => {
  it('wants one with a key, that is a topic', async () => {
    const none = await examine({ ...PROVIDER_KEY, topic: '', servers: [nowhere] })
    none.assertFound('topic', 'TOPIC_MISSING', /Give topic/)
    assert.deepEqual(none.of('topic').blocks, ['authentication', 'clock'])
    const wrong = await examine({ ...PROVIDER_KEY, topic: 'com.example app', servers: [nowhere] })
    wrong.assertFound('topic', 'TOPIC_INVALID', /is not a bundle id/)
  })

  it("takes the certificate's own, and none that is not one of its", async () => {
    const topics = [TOPIC, `${TOPIC}.voip`]
    const own = await examine({ ...certificate({ topics }), servers: [nowhere] })
    own.assertFound(
      'topic',
      'OK',
      /^com\.example\.app; the certificate is for com\.example\.app, com\.example\.app\.voip/,
      'ok',
    )
    const given = await examine({ ...certificate({ topics }), topic: `${TOPIC}.voip`, servers: [nowhere] })
    given.assertFound('topic', 'OK', /^com\.example\.app\.voip; /, 'ok')
    const other = await examine({ ...certificate(), topic: 'com.example.other', servers: [nowhere] })
    other.assertFound('topic', 'TOPIC_NOT_COVERED', /com\.example\.other is not one of .* com\.example\.app /)
  })

  it('leaves it to a certificate that names none', async () => {
    const plain = {
      key: keyPem(KEYS.rsa),
      cert: certificatePem(KEYS.rsa, { validFrom: days(-1), validTo: days(99) }),
    }
    const found = await examine({ ...plain, servers: [nowhere] })
    found.assertFound('credential', 'OK', /for no environment of Apple's/, 'ok')
    found.assertFound('topic', 'OK', /left to the certificate/, 'ok')
  })
})

describe('the check of the environment', () => {
  const sandboxOnly = certificate({ environments: ['sandbox'] })

  it('refuses a certificate of the other one, before it is shown to anybody', async () => {
    const wrong = await examine({
      ...sandboxOnly,
      servers: [{ ...apns.environment, environment: 'production' }],
    })
    wrong.assertFound('environment', 'CERTIFICATE_WRONG_ENVIRONMENT', /for the sandbox environment only/)
    assert.deepEqual(wrong.of('environment').blocks, ['authentication', 'clock'])
    assert.equal(wrong.of('authentication').because, 'environment')
    const right = await examine({ ...sandboxOnly, servers: [{ ...nowhere, environment: 'sandbox' }] })
    right.assertFound('environment', 'OK', /the certificate is for sandbox/, 'ok')
  })

  it('refuses one that is not for push', async () => {
    const plain = {
      key: keyPem(KEYS.rsa),
      cert: certificatePem(KEYS.rsa, { validFrom: days(-1), validTo: days(99) }),
    }
    const found = await examine({ ...plain, servers: [{ ...nowhere, environment: 'production' }] })
    found.assertFound('environment', 'CERTIFICATE_NOT_FOR_PUSH', /none of Apple’s push extensions/)
  })

  it('is not made for a key, or where there is no telling', async () => {
    const key = await examine({ ...PROVIDER_KEY, servers: [{ ...nowhere, environment: 'sandbox' }] })
    const custom = await examine({ ...sandboxOnly, servers: [nowhere] })
    for (const { diagnoses } of [key, custom])
      assert.ok(diagnoses.every(({ check }) => check !== 'environment'))
  })
})
