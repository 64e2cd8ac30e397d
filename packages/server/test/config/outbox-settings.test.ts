import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { describe, it } from 'node:test'
import { configText, redactedConfig, type ServerConfig } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { ownerOnHost } from '#src/config/outbox-settings.js'
import { ConfigFolder } from './config-folder.js'

const PROBLEM = /^worker.yaml:\d+:\d+: /

/** What there has to be, beside what is tried. */
class Place extends ConfigFolder {
  readonly #apps: string

  constructor(key: string, keyId: string, teamId: string) {
    super()
    this.write('key.p8', key)
    this.#apps = `\napps: [{ name: news, topic: com.example.app, keyPath: key.p8, keyId: ${keyId}, teamId: ${teamId} }]\n`
  }

  with(yaml: string, variables: Record<string, string> = {}): ServerConfig {
    return this.read(yaml + this.#apps, variables)
  }

  /** Without file and line. */
  wrong(yaml: string): string[] {
    return this.problems(yaml + this.#apps).map((line) => line.replace(PROBLEM, ''))
  }
}

async function place(): Promise<Place> {
  await using apns = await startSimulator()
  const { key, keyId, teamId } = apns.credentials
  return new Place(key, keyId, teamId)
}

describe('outbox', () => {
  it('is a URL, in its short form, in a file or in a variable; its worker has the name of the host', async () => {
    using folder = await place()
    const url = 'postgres://user:hunter2@db.example:5433/apns'
    const expected = {
      url,
      failoverUrls: [],
      ca: undefined,
      maxConnections: 5,
      statementTimeoutMs: 30_000,
      connectTimeoutMs: 5000,
    }
    folder.write('url', `${url}\n`)
    for (const config of [
      folder.with(`outbox: ${url}`),
      folder.with(`outbox: { url: '${url}' }`),
      folder.with('outbox: { urlPath: url }'),
      folder.with('', { APNS_WORKER_OUTBOX: url }),
      folder.with('outbox: postgresql://other/db', { APNS_WORKER_OUTBOX_URL_FILE: `${folder.path}/url` }),
    ]) {
      assert.deepEqual(config.outbox, expected)
      assert.equal(config.worker.owner, ownerOnHost(hostname()))
    }
    assert.equal(folder.with(`outbox: ${url}\nworker: { owner: one }`).worker.owner, 'one')
    assert.equal(folder.with('').worker.owner, 'worker')
  })

  it('has other addresses, an authority, and limits', async () => {
    await using apns = await startSimulator()
    using folder = await place()
    folder.write('ca.pem', apns.ca)
    const yaml =
      'outbox: { url: postgres://a/x, failoverUrls: [postgresql://b/x, "postgres:///x?host=/run/pg"], caPath: ca.pem, maxConnections: 9, statementTimeout: 1m, connectTimeout: 500ms }'
    const expected = {
      url: 'postgres://a/x',
      failoverUrls: ['postgresql://b/x', 'postgres:///x?host=/run/pg'],
      ca: apns.ca,
      maxConnections: 9,
      statementTimeoutMs: 60_000,
      connectTimeoutMs: 500,
    }
    assert.deepEqual(folder.with(yaml).outbox, expected)
    const given = folder.with(yaml, { APNS_WORKER_OUTBOX_FAILOVER_URLS: 'postgres://c/x, postgres://d/x' })
    assert.deepEqual(given.outbox?.failoverUrls, ['postgres://c/x', 'postgres://d/x'])
  })

  it('is not beside a store, has a URL, and says what is wrong without showing it', async () => {
    using folder = await place()
    const give = 'give postgres://user:password@host:port/database'
    assert.deepEqual(folder.wrong('store: a.db\noutbox: postgres://a/x'), [
      'outbox is given, and store as well; messages are kept in one of them: leave store out to share a database, or outbox to keep the file',
    ])
    assert.deepEqual(folder.wrong('outbox: { maxConnections: 4 }'), [`outbox.url is missing; ${give}`])
    assert.deepEqual(folder.wrong('outbox: mysql://user:hunter2@a/x'), [
      `outbox.url is for no PostgreSQL; ${give}`,
    ])
    assert.deepEqual(folder.wrong('outbox: postgres:///x'), [`outbox.url names no host; ${give}`])
    assert.deepEqual(folder.wrong('outbox: postgres://user:hunt/er2@a/x'), [
      `outbox.url is no URL; ${give}, with what is special in the password as % and two hexadecimal digits`,
    ])
    assert.deepEqual(folder.wrong('outbox: { url: postgres://a/x, urlPath: url }'), [
      'outbox.urlPath is given, and url as well; give the path of a file, or its content',
    ])
    assert.deepEqual(folder.wrong('outbox: { url: postgres://a/x, failoverUrls: [hunter2] }'), [
      `outbox.failoverUrls[0] is no URL; ${give}, with what is special in the password as % and two hexadecimal digits`,
    ])
    assert.deepEqual(folder.wrong('outbox: { url: postgres://a/x, failoverUrls: hunter2 }'), [
      'outbox.failoverUrls is a text of 7 characters; give a list of URLs such as postgres://user:password@host:port/database',
    ])
    assert.deepEqual(folder.wrong('outbox: { url: postgres://a/x, ca: x }'), [
      'outbox.ca is no certificate in PEM',
    ])
  })

  it('is shown without user, password and parameters', async () => {
    await using apns = await startSimulator()
    using folder = await place()
    folder.write('ca.pem', apns.ca)
    const config = folder.with(
      'outbox: { url: "postgres://user:hunter2@db.example:5433/apns?password=hunter2", failoverUrls: ["postgres://us/er:hunter2@b/x"], caPath: ca.pem }',
    )
    const shown = redactedConfig(config)
    assert.deepEqual(shown['outbox'], {
      url: 'postgres://db.example:5433/apns',
      failoverUrls: ['postgres://us/(hidden)'],
      ca: '(hidden)',
      maxConnections: 5,
      statementTimeout: 30,
      connectTimeout: 5,
    })
    assert.equal(shown['store'], undefined)
    assert.ok(!configText(config).includes('hunter2'))
  })
})

describe('role', () => {
  it('is all, api or worker', async () => {
    using folder = await place()
    assert.equal(folder.with('').role, 'all')
    assert.equal(folder.with('role: api', { APNS_WORKER_ROLE: 'worker' }).role, 'worker')
    assert.deepEqual(folder.wrong('role: apu'), ['role is "apu"; give all, api or worker'])
    assert.equal(redactedConfig(folder.with('role: api'))['role'], 'api')
  })
})

describe('the name of a worker', () => {
  it('is what a name may be, and no other host’s', () => {
    assert.equal(ownerOnHost('apns-worker-0.local'), 'apns-worker-0.local')
    assert.equal(ownerOnHost('müller’s mac'), 'm-ller-s-mac')
    assert.equal(ownerOnHost(''), 'worker')
    assert.equal(ownerOnHost('a'.repeat(64)), 'a'.repeat(64))
    const [one, other] = [ownerOnHost(`${'a'.repeat(70)}1`), ownerOnHost(`${'a'.repeat(70)}2`)]
    assert.match(one, /^a{51}-[0-9a-f]{12}$/)
    assert.notEqual(one, other)
  })
})
