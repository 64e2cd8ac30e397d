import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { CredentialError } from '#src/credentials/credential-error.js'
import { MAX_SOURCE_BYTES } from '#src/credentials/credential-source.js'
import { assertRefused, assertSecretsAbsent, load, temporaryFolder } from './credential-assertions.js'
import { certificatePem, KEYS, keyPem } from './test-certificates.js'

const IDS = { keyId: 'ABC123DEFG', teamId: 'TEAM123456' }
const KEY = keyPem(KEYS.p256)
const CERTIFICATE = certificatePem(KEYS.p256)
const folder = temporaryFolder()

describe('the choice of credential', () => {
  it('is one of three', () => {
    const threeWays = /keyPath, keyId, teamId.*certPath, keyPath.*pfxPath, passphrase/
    assertRefused({}, 'CREDENTIALS_MISSING', threeWays)
    assertRefused(
      { keyPath: '', key: '', certPath: '', pfx: new Uint8Array() },
      'CREDENTIALS_MISSING',
      threeWays,
    )
    assertRefused({ passphrase: 'only a passphrase' }, 'CREDENTIALS_MISSING', threeWays)
    assertRefused({ key: KEY, cert: CERTIFICATE, ...IDS }, 'CREDENTIALS_CONFLICT', threeWays)
    assertRefused({ pfx: Buffer.of(0x30, 0), cert: CERTIFICATE }, 'CREDENTIALS_CONFLICT', threeWays)
    assertRefused({ pfx: Buffer.of(0x30, 0), key: KEY }, 'CREDENTIALS_CONFLICT', threeWays)
    assertRefused({ pfx: Buffer.of(0x30, 0), ...IDS }, 'CREDENTIALS_CONFLICT', threeWays)
  })

  it('is by path or by content, not both', () => {
    const path = folder.write('both.pem', KEY + CERTIFICATE)
    assertRefused({ keyPath: path, key: KEY, ...IDS }, 'PATH_AND_CONTENT', /Both keyPath and key/)
    assertRefused({ certPath: path, cert: CERTIFICATE }, 'PATH_AND_CONTENT', /Both certPath and cert/)
    assertRefused({ pfxPath: path, pfx: Buffer.of(0x30) }, 'PATH_AND_CONTENT', /Both pfxPath and pfx/)
  })

  it('is made of strings and bytes, also where types are not checked', () => {
    const wrong = (options: object): void =>
      assert.throws(
        () => load(options),
        (error) => error instanceof CredentialError && error.code === 'OPTION_INVALID',
      )
    wrong({ key: { pem: KEY }, ...IDS })
    wrong({ keyPath: 7, ...IDS })
    wrong({ key: KEY, keyId: 1_234_567_890, teamId: IDS.teamId })
    wrong({ pfxPath: 'x.p12', passphrase: 12_345 })
    wrong({ keyPath: new URL('file:///key.p8') })
  })
})

describe('a credential file', () => {
  const missing = folder.write('x', '').replace(/x$/, 'missing.p8')

  it('has to exist', () => {
    assertRefused(
      { keyPath: missing, ...IDS },
      'KEY_FILE_NOT_FOUND',
      /keyPath \('.*missing\.p8'\): no such file/,
    )
    assertRefused({ certPath: missing }, 'CERTIFICATE_FILE_NOT_FOUND', /certPath/)
    assertRefused({ pfxPath: missing }, 'PKCS12_FILE_NOT_FOUND', /pfxPath/)
    const beyondFile = `${folder.write('file.p8', KEY)}/key.p8`
    assertRefused({ keyPath: beyondFile, ...IDS }, 'KEY_FILE_NOT_FOUND', /no such file/)
  })

  it('has to be a readable file of the right size', () => {
    const empty = folder.write('empty.p8', '')
    assertRefused({ keyPath: empty, ...IDS }, 'KEY_FILE_UNREADABLE', /empty file/)
    assertRefused({ keyPath: dirname(empty), ...IDS }, 'KEY_FILE_UNREADABLE', /is a directory/)
    assertRefused({ certPath: dirname(empty) }, 'CERTIFICATE_FILE_UNREADABLE', /is a directory/)
    const huge = folder.write('huge.p12', Buffer.alloc(MAX_SOURCE_BYTES + 1))
    assertRefused({ pfxPath: huge }, 'PKCS12_FILE_UNREADABLE', /1048577 bytes long/)
    assertRefused({ keyPath: `/${'n'.repeat(300)}`, ...IDS }, 'KEY_FILE_UNREADABLE', /ENAMETOOLONG/)
  })

  it('has to be readable by this user', (t) => {
    if (process.getuid?.() === 0) return t.diagnostic('root may read everything: nothing to see')
    const path = folder.write('locked.p8', KEY)
    chmodSync(path, 0)
    assertRefused({ keyPath: path, ...IDS }, 'KEY_FILE_UNREADABLE', /permission denied/)
  })
})

describe('a path and a content in each other’s place', () => {
  it('are told apart, and a key is not repeated as a path', () => {
    const forms = [
      KEY,
      KEY.replaceAll('\n', '\\n'),
      KEY.split('\n').slice(1, -2).join('\n'),
      Buffer.from(KEY).toString('base64'),
      KEYS.p256.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    ]
    for (const keyPath of forms) {
      assert.throws(
        () => load({ keyPath, ...IDS }),
        (error: Error) => {
          assert.match(error.message, /not the path of a file: give it as key\./)
          assertSecretsAbsent(inspect(error, { depth: 10, showHidden: true }), { key: keyPath })
          return true
        },
      )
    }
    assertRefused({ certPath: CERTIFICATE }, 'PATH_HOLDS_CONTENT', /give it as cert\./)
    assertRefused({ key: './AuthKey_ABC123DEFG.p8', ...IDS }, 'CONTENT_HOLDS_PATH', /give it as keyPath/)
    assertRefused({ cert: '/etc/apns/cert.pem' }, 'CONTENT_HOLDS_PATH', /give it as certPath/)
    assertRefused({ pfx: 'C:\\keys\\push.P12' }, 'CONTENT_HOLDS_PATH', /give it as pfxPath/)
  })
})
