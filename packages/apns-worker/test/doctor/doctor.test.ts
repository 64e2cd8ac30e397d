import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import type { CredentialOptions } from 'apns-worker'
import { type Diagnosis, DOCTOR_CODES, diagnose } from 'apns-worker/doctor'
import { freePort } from '../support/free-port.js'
import { failOnLeaks } from '../support/leaks.js'
import { TOPIC } from '../support/sender.js'
import { PROVIDER_KEY } from '../support/test-identity.js'
import { until } from '../support/within.js'
import { atSimulator, examine } from './examine.js'

failOnLeaks()

const CHECKS = ['credential', 'topic', 'dns', 'tcp', 'tls', 'alpn', 'settings', 'authentication', 'clock']

describe('diagnose', () => {
  it('makes every check, in order, over one connection', async () => {
    await using apns = await startSimulator()
    const { diagnoses } = await examine(atSimulator(apns))
    assert.deepEqual(
      diagnoses.map(({ check, verdict }) => [check, verdict]),
      CHECKS.map((check) => [check, 'ok']),
    )
    assert.equal(apns.counts().connections, 1)
    assert.equal(apns.counts().received, 1)
    await apns.waitFor((server) => server.counts().openConnections === 0)
  })

  it('checks each server by itself', async () => {
    await using apns = await startSimulator()
    const nowhere = { host: '127.0.0.1', port: await freePort() }
    const servers = [nowhere, { ...apns.environment, environment: 'sandbox' as const }]
    const { diagnoses } = await examine(atSimulator(apns, { servers }))
    const [first, second] = [...new Set(diagnoses.map(({ server }) => server))].filter(
      (server) => server !== undefined,
    )
    assert.deepEqual(first, {
      name: `127.0.0.1:${nowhere.port}`,
      service: 'notifications',
      environment: undefined,
      ...nowhere,
      proxy: undefined,
    })
    assert.equal(second?.environment, 'sandbox')
    const failed = diagnoses.filter(({ verdict }) => verdict === 'problem')
    assert.deepEqual(
      failed.map(({ server, check }) => [server, check]),
      [[first, 'tcp']],
    )
  })

  it("is about both of Apple's environments, or those that a certificate is for", async () => {
    await using apns = await startSimulator()
    const serversOf = async (credential: CredentialOptions): Promise<unknown> => {
      // A proxy that is not there keeps it from Apple's servers.
      const proxy = `http://127.0.0.1:${await freePort()}`
      const { diagnoses } = await examine({ ...credential, topic: TOPIC, proxy })
      return [...new Set(diagnoses.flatMap(({ server }) => (server === undefined ? [] : [server.host])))]
    }
    const certificate = (environments: readonly ('production' | 'sandbox')[]): CredentialOptions => {
      const { cert, key } = apns.clientCertificate({ topics: [TOPIC], environments })
      return { cert, key }
    }
    const production = 'api.push.apple.com'
    const sandbox = 'api.sandbox.push.apple.com'
    assert.deepEqual(await serversOf(PROVIDER_KEY), [production, sandbox])
    assert.deepEqual(await serversOf({}), [production, sandbox])
    assert.deepEqual(await serversOf(certificate(['production', 'sandbox'])), [production, sandbox])
    assert.deepEqual(await serversOf(certificate([])), [production, sandbox])
    assert.deepEqual(await serversOf(certificate(['production'])), [production])
    assert.deepEqual(await serversOf(certificate(['sandbox'])), [sandbox])
  })

  it('takes any timeout, even none', async () => {
    await using apns = await startSimulator()
    const found = await examine(atSimulator(apns, { timeout: Number.POSITIVE_INFINITY }))
    assert.equal(found.of('authentication').code, 'OK')
  })

  it('may be left before its end, and leaves nothing behind', async () => {
    await using apns = await startSimulator()
    for (const last of CHECKS) {
      for await (const { check } of diagnose(atSimulator(apns))) if (check === last) break
      await until(() => apns.counts().openConnections === 0)
    }
  })

  it('says at once what makes no sense', () => {
    const wrong: readonly (readonly [object, RegExp])[] = [
      [{ timeout: 0 }, /timeout is 0; give seconds/],
      [{ timeout: Number.NaN }, /timeout is NaN/],
      [{ servers: [{}] }, /neither host nor environment/],
      [{ servers: [{ host: 'localhost', ca: 'ca.pem' }] }, /environment\.ca is not a certificate/],
      [{ proxy: 'ftp://proxy.example' }, /no known kind of proxy/],
    ]
    for (const [options, words] of wrong)
      assert.throws(() => diagnose({ ...PROVIDER_KEY, ...options }), { name: 'TypeError', message: words })
  })

  it('knows no secret', async () => {
    await using apns = await startSimulator()
    const { key, ...ids } = apns.credentials
    const diagnoses: Diagnosis[] = []
    for await (const each of diagnose(atSimulator(apns, { ...ids, key, passphrase: 's3cret' })))
      diagnoses.push(each)
    const text = JSON.stringify(diagnoses)
    const lines = key.split('\n').filter((line) => line.length > 20 && !line.startsWith('-'))
    for (const secret of ['s3cret', 'eyJ', ...lines]) assert.ok(!text.includes(secret), secret)
  })
})

describe('the codes', () => {
  const directory = new URL('../../test/doctor/', import.meta.url)
  const tests = readdirSync(directory)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(new URL(name, directory), 'utf8'))
    .join('\n')
  const page = readFileSync(new URL('../../../../docs/doctor.md', import.meta.url), 'utf8')

  for (const code of Object.keys(DOCTOR_CODES)) {
    it(`${code} is provoked, and has its place in the docs`, () => {
      // What a firewall of this machine forbids, a test can not ask for.
      if (code !== 'TCP_FORBIDDEN') assert.ok(tests.includes(`'${code}'`))
      assert.ok(page.includes(`\`${code}\``))
    })
  }
})
