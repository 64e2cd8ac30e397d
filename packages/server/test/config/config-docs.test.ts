import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { CONFIG_SHAPE } from '#src/config/config-schema.js'
import { ConfigFolder } from './config-folder.js'
import { settingRows } from './setting-table.js'

const page = readFileSync(new URL('../../../../docs/server-configuration.md', import.meta.url), 'utf8')

it('the page has each setting, as the schema has it, and no other', () => {
  const written = page.split('\n').filter((line) => /^\| `[a-zA-Z[\].]+` \|.*`APNS_WORKER_/.test(line))
  assert.deepEqual(
    written,
    settingRows(CONFIG_SHAPE).map(({ row }) => row),
  )
})

it('the variables that it names are read', () => {
  using folder = new ConfigFolder()
  for (const { variable } of settingRows(CONFIG_SHAPE)) {
    const problems = folder.problems('apiKeys: []', { [variable.replace('<n>', '0')]: 'x' }).join('\n')
    assert.doesNotMatch(problems, /no setting for this variable/)
  }
})

it('the complete example is read, and has every setting in it', async () => {
  await using apns = await startSimulator()
  using folder = new ConfigFolder()
  const example = /```yaml complete\n(.*?)```/s.exec(page)?.[1] ?? assert.fail('there is no complete example')
  const certificate = apns.clientCertificate({ topics: ['com.example.shop'], passphrase: 'x' })
  folder.write('AuthKey_ABCDE12345.p8', apns.credentials.key)
  folder.write('shop.p12', certificate.pfx)
  folder.write('passphrase', 'x')
  folder.write('shop.pem', apns.clientCertificate({ topics: ['com.example.shop'] }).cert)
  const api = apns.clientCertificate({ topics: ['com.example.api'] })
  folder.write('api.pem', api.cert)
  folder.write('api.key.pem', api.key)
  folder.write('ca.pem', apns.ca)
  folder.write('webhook.secret', '0123456789abcdef')
  folder.write('database.url', 'postgres://user:password@db-1.example/apns\n')
  const config = folder.read(example)
  // One place for messages or the other: the second example is in the place of the first one's store.
  const shared =
    /```yaml shared\n(.*?)```/s.exec(page)?.[1] ?? assert.fail('there is no example of an outbox')
  const inDatabase = folder.read(example.replace(/^store:\n( .*\n)+/m, shared))
  assert.equal(inDatabase.outbox?.url, 'postgres://user:password@db-1.example/apns')
  assert.deepEqual(
    config.apps.map(({ name }) => name),
    ['news', 'shop', 'staging'],
  )
  const contents = new Set(['key', 'cert', 'pfx', 'passphrase', 'ca', 'secret'])
  for (const { key } of settingRows(CONFIG_SHAPE)) {
    const last = key.split('.').at(-1) ?? ''
    // A file that it names has it; those of certificates in two files are told below.
    if (contents.has(last) || key === 'apps[].certPath' || key.startsWith('apps[].proxy.ca')) continue
    assert.match(example + shared, new RegExp(`\\b${last}:`), key)
  }
})
