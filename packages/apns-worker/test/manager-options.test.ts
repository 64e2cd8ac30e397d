import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApnsManager, Backend, CredentialError, MessageError } from 'apns-worker'
import { managerWith, OriginalStyleBackend, ScriptedBackend } from './support/test-backends.js'

/** Callers in JavaScript, and configuration files, have no compiler to stop them. */
function make(options?: object): ApnsManager {
  return new ApnsManager(options)
}

function refuses(options: object, ...parts: readonly (string | RegExp)[]): void {
  assert.throws(
    () => make({ backend: ScriptedBackend, ...options }),
    (error: unknown) => {
      assert.ok(error instanceof TypeError, String(error))
      for (const part of parts) {
        assert.ok(
          typeof part === 'string' ? error.message.includes(part) : part.test(error.message),
          `"${error.message}" says ${String(part)}`,
        )
      }
      assert.ok(error.message.length < 300, 'short enough to be read')
      return true
    },
  )
}

test('without a credential the error names the three ways to give one', () => {
  for (const options of [undefined, {}, { topic: 'com.example.app', environment: 'sandbox' }]) {
    assert.throws(
      () => make(options),
      (error: unknown) =>
        error instanceof CredentialError &&
        error.code === 'CREDENTIALS_MISSING' &&
        ['keyPath', 'keyId', 'teamId', 'certPath', 'pfxPath', 'passphrase'].every((name) =>
          error.message.includes(name),
        ),
    )
  }
})

test('a backend is a subclass of Backend', () => {
  for (const backend of [Error, 'http2', {}, () => {}, Backend]) {
    refuses({ backend }, 'backend', 'loadBackend')
  }
})

test('an environment is production, sandbox, or a host', () => {
  refuses({ environment: 'Production' }, "'Production'", "'production'", "'sandbox'", 'host')
  refuses({ environment: 'development' }, "'development'")
  refuses({ environment: null }, 'null')
  refuses({ environment: 5 }, '5')
  refuses({ environment: {} }, '{}')
  refuses({ environment: { port: 443 } }, '443')
  refuses({ environment: { host: '' } }, "''")
  refuses({ environment: { host: 'localhost', port: 70_000 } }, '70000')
  refuses({ environment: { host: 'localhost', port: '443' } }, "'443'")
  refuses({ environment: { host: 'localhost', ca: 5 } }, 'number')
  refuses({ environment: { host: 'localhost', ca: [5] } }, 'ca')
  refuses({ environment: { host: 'localhost', servername: 5 } }, 'servername')
  refuses({ environment: { host: 'localhost', rejectUnauthorized: 'no' } }, 'rejectUnauthorized')
  refuses({ environment: { host: 'localhost', port: 0, ca: 'x'.repeat(5000) } }, 'port: 0')
  const circular: { host: number; self?: object } = { host: 5 }
  circular.self = circular
  refuses({ environment: circular }, 'host: 5')
})

test('a good environment reaches the backend as it is', () => {
  for (const environment of [
    'production',
    'sandbox',
    { host: 'localhost' },
    { host: 'localhost', port: 2197, ca: ['pem', Buffer.from('pem')], servername: 'apns' },
  ] as const) {
    assert.deepEqual(managerWith(ScriptedBackend, { environment }).backend.environment, environment)
  }
  assert.equal(managerWith(ScriptedBackend).backend.environment, 'production')
})

test('paths reach the backend as they are', () => {
  const { backend } = managerWith(ScriptedBackend, { keyPath: 'key.pem', certPath: 'cert.pem' })
  assert.equal(backend.keyPath, 'key.pem')
  assert.equal(backend.certPath, 'cert.pem')
})

test('messageGrace is seconds, 0 or more', () => {
  for (const messageGrace of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null]) {
    refuses({ backend: OriginalStyleBackend, messageGrace }, 'messageGrace', 'seconds')
  }
  for (const messageGrace of [0, 0.5, 5, 1e9]) managerWith(OriginalStyleBackend, { messageGrace })
})

test('a topic is a bundle id', () => {
  for (const topic of ['', 'com.example app', 'com.example\r\n', 5, 'x'.repeat(300), '.leading']) {
    assert.throws(
      () => make({ backend: ScriptedBackend, topic }),
      (error: unknown) => error instanceof MessageError && error.code === 'BAD_TOPIC',
    )
  }
})

test('an errorHandler is a function, a logger has four methods, a feedback callback is a function', () => {
  refuses({ errorHandler: 'log' }, 'errorHandler', '"log"', 'function')
  refuses({ logger: {} }, 'logger', 'debug')
  refuses({ logger: null }, 'logger')
  refuses({ logger: { debug() {}, info() {}, warn() {} } }, 'error')
  managerWith(ScriptedBackend, { logger: console, errorHandler: () => {} })
  const { apns } = managerWith(ScriptedBackend)
  assert.throws(() => apns.getFeedback(undefined as unknown as () => void), /callback/)
})
