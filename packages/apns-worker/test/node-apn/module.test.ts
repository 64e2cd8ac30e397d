import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import * as namespace from 'apns-worker/node-apn'
import byDefault, {
  MultiProvider,
  Notification,
  Provider,
  type ResponseFailure,
  token,
} from 'apns-worker/node-apn'

const require = createRequire(import.meta.url)

const NAMES = ['MultiProvider', 'Notification', 'Provider', 'token']
const byName: Readonly<Record<string, unknown>> = { MultiProvider, Notification, Provider, token }

function assertHasAll(module: unknown): void {
  assert.ok(module !== null && typeof module === 'object')
  for (const name of NAMES) assert.equal(Reflect.get(module, name), byName[name])
}

describe('the module is what node-apn’s is', () => {
  it('to import: by default, as a namespace and by name', () => {
    assertHasAll(byDefault)
    assertHasAll(namespace)
  })

  it('to require: an object that stubs can be put into', () => {
    const required: unknown = require('apns-worker/node-apn')
    assertHasAll(required)
    assert.deepEqual(Object.keys(Object(required)), Object.keys(byDefault))
    assert.ok(Object.getOwnPropertyDescriptor(required, 'Provider')?.writable)
  })

  it('to a compiler: its names are types too, whichever way it is imported', () => {
    const note: byDefault.Notification = new byDefault.Notification()
    const same: namespace.Notification = note
    const typed: Notification = same
    assert.ok(typed instanceof Notification)
    const reasonOf = (failure: byDefault.ResponseFailure): string | undefined => failure.response?.reason
    const failure: ResponseFailure = {
      device: 'a',
      status: 410,
      response: { reason: 'Unregistered', timestamp: 1 },
    }
    assert.equal(reasonOf(failure), 'Unregistered')
    assert.ok(Object.getPrototypeOf(Provider.prototype) !== null)
  })
})
