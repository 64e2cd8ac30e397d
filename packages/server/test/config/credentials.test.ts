import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { readConfig } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { ConfigFolder } from './config-folder.js'

const TOPIC = 'com.example.app'
const DAY_MS = 86_400_000

describe('the credential of an app', () => {
  it('may be a certificate with its key, or a PKCS#12 file, and says the topic then', async () => {
    await using apns = await startSimulator()
    using folder = new ConfigFolder()
    const certificate = apns.clientCertificate({ topics: [TOPIC], passphrase: 'open sesame' })
    folder.write('client.pem', certificate.cert)
    folder.write('client.key', certificate.key)
    folder.write('client.p12', certificate.pfx)
    folder.write('passphrase', 'open sesame\n')
    const { apps } = folder.read(`apps:
  - { name: pem, certPath: client.pem, keyPath: client.key, passphrase: open sesame }
  - { name: pkcs12, pfxPath: client.p12, passphrasePath: passphrase }
  - { name: content, pfx: ${certificate.pfx.toString('base64')}, passphrase: open sesame }
`)
    assert.deepEqual(
      apps.map(({ name, options }) => [name, options.topic, options.passphrase, options.keyId]),
      ['pem', 'pkcs12', 'content'].map((name) => [name, TOPIC, 'open sesame', undefined]),
    )
    assert.equal(apps[0]?.options.cert, certificate.cert)
    assert.equal(apps[1]?.options.pfx, apps[2]?.options.pfx)
  })

  it('that can not work is refused, with its place', async () => {
    await using apns = await startSimulator()
    using folder = new ConfigFolder()
    const { key, keyId, teamId } = apns.credentials
    const sandbox = apns.clientCertificate({ topics: [TOPIC], environments: ['sandbox'] })
    const expired = apns.clientCertificate({
      topics: [TOPIC],
      notBefore: new Date(Date.now() - 20 * DAY_MS),
      notAfter: new Date(Date.now() - DAY_MS),
    })
    folder.write(`AuthKey_${keyId}.p8`, key)
    folder.write('empty.p8', '')
    folder.write('ca.der', new X509Certificate(apns.ca).raw)
    folder.write('sandbox.p12', sandbox.pfx)
    folder.write('sandbox.pem', sandbox.cert)
    folder.write('expired.p12', expired.pfx)
    const own = `topic: ${TOPIC}, keyPath: AuthKey_${keyId}.p8`
    const several = apns.clientCertificate({ topics: ['com.example.one', 'com.example.two'] })
    folder.write('several.p12', several.pfx)
    const apps: [yaml: string, problem: RegExp][] = [
      [`topic: ${TOPIC}`, /apps\[0\]: No credential is given/],
      [own, /apps\[1\]\.teamId is missing/],
      [`${own}, teamId: short`, /apps\[2\]\.teamId has 5 characters instead of ten/],
      [
        `${own}, keyId: ${teamId}, teamId: ${keyId}`,
        /apps\[3\]\.teamId is the id in the name of the key file/,
      ],
      [`${own}, teamId: ${teamId}, key: x`, /apps\[4\]\.keyPath is given, and key as well/],
      [
        `${own}, teamId: ${teamId}, certPath: sandbox.pem`,
        /apps\[5\]: There is a certificate and, beside it, parts/,
      ],
      ['keyPath: empty.p8', /apps\[6\]\.keyPath \('.*empty\.p8'\): the file is empty/],
      ['keyPath: .', /apps\[7\]\.keyPath \('.*'\): it is a folder/],
      ['keyPath: sandbox.pem, keyId: ABCDE12345, teamId: ABCDE12346', /apps\[8\]\.keyPath /],
      ['pfxPath: sandbox.p12, environment: production', /apps\[9\].*sandbox/],
      ['pfxPath: expired.p12', /apps\[10\].*expired/],
      [
        'pfxPath: sandbox.p12, environment: sandbox, passphrase: wrong',
        /apps\[11\]: The passphrase does not open/,
      ],
      [`keyPath: AuthKey_${keyId}.p8, teamId: ${teamId}`, /apps\[12\]\.topic is missing/],
      [
        `${own}, teamId: ${teamId}, proxy: 'ftp://user:hunter2@host'`,
        /apps\[13\]\.proxy is for no known kind of proxy/,
      ],
      [
        `${own}, teamId: ${teamId}, environment: { host: localhost, ca: nothing }`,
        /apps\[14\]\.environment\.ca is no certificate in PEM$/,
      ],
      [
        `${own}, teamId: ${teamId}, environment: { host: localhost, caPath: ca.der }`,
        /apps\[15\]\.environment\.caPath is no certificate in PEM$/,
      ],
      [
        `topic: ${TOPIC}, keyPath: '${key.replaceAll('\n', '\\n')}'`,
        /apps\[16\]\.keyPath holds a content, not the path of a file; give it as key$/,
      ],
    ]
    const yaml = apps.map(([app], index) => `  - { name: app${index}, ${app} }`).join('\n')
    const problems = folder.problems(`apps:\n${yaml}`)
    for (const [index, [, expected]] of apps.entries()) {
      const own = problems.filter((problem) => problem.startsWith(`worker.yaml:${index + 2}:`))
      assert.equal(own.length, 1, `app ${index}: ${problems.join('\n')}`)
      assert.match(own[0] ?? '', expected)
    }
    assert.equal(problems.length, apps.length)
    assert.doesNotMatch(problems.join('\n'), /BEGIN PRIVATE|hunter2/)
  })

  it('is read through the reader that is given', () => {
    const read: string[] = []
    const readFile = (path: string): Buffer => {
      read.push(path)
      return Buffer.from(path.endsWith('.yaml') ? 'apps: [{ name: a, topic: b, keyPath: c.p8 }]' : 'no key')
    }
    assert.throws(() => readConfig({ path: '/etc/worker.yaml', environment: {}, readFile }), /keyPath/)
    assert.deepEqual(read, ['/etc/worker.yaml', '/etc/c.p8'])
  })
})
