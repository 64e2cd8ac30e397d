import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect, types } from 'node:util'
import { ApnsError, Message, type Notification } from 'apns-worker'
import { localFailure } from '#src/error.js'
import { tokens } from './support/test-backends.js'

const [TOKEN = ''] = tokens(1, 0xab)

function notification(): Notification {
  const [only] = new Message([TOKEN], { aps: { alert: 'a secret' } }).notifications([7])
  assert.ok(only)
  return only
}

function fieldsOf(error: ApnsError): Record<string, unknown> {
  return Object.fromEntries(Object.entries(error))
}

test('the constants are those of the original library', () => {
  const constants = Object.fromEntries(Object.entries(ApnsError).filter(([name]) => name.startsWith('ERR_')))
  assert.deepEqual(constants, {
    ERR_PROCESSING: 1,
    ERR_NO_TOKEN: 2,
    ERR_NO_TOPIC: 3,
    ERR_NO_PAYLOAD: 4,
    ERR_TOKEN_SIZE: 5,
    ERR_TOPIC_SIZE: 6,
    ERR_PAYLOAD_SIZE: 7,
    ERR_TOKEN_INVAL: 8,
    ERR_UNKNOWN: 255,
  })
})

test('a status of the binary protocol is described, and names its notification', () => {
  const failed = notification()
  const error = ApnsError.fromStatus(ApnsError.ERR_TOKEN_INVAL, failed)
  assert.equal(error.code, 'refused')
  assert.equal(error.status, 8)
  assert.equal(error.description, 'Invalid token')
  assert.match(error.message, /^Invalid token\. Check that the token/)
  assert.equal(error.token, TOKEN)
  assert.equal(error.apnsId, failed.apnsId)
  assert.equal(error.notification, failed)
  assert.equal(error.reason, '')
  const descriptions = Object.entries(ApnsError)
    .filter(([name]) => name.startsWith('ERR_'))
    .map(([, status]) => ApnsError.fromStatus(Number(status)).description)
  assert.equal(new Set(descriptions).size, 9)
  assert.match(ApnsError.fromStatus(77).description, /77/)
  assert.equal(ApnsError.fromStatus(77).token, undefined)
})

test("a reason of Apple's brings its status, description and action", () => {
  const error = new ApnsError({ reason: 'Unregistered', httpStatus: 410, notification: notification() })
  assert.equal(error.status, ApnsError.ERR_TOKEN_INVAL)
  assert.match(error.description, /no longer active/)
  assert.match(error.action, /Delete the token/)
  assert.equal(error.message, `Unregistered: ${error.description} ${error.action}`)
  const statuses = {
    BadDeviceToken: ApnsError.ERR_TOKEN_INVAL,
    DeviceTokenNotForTopic: ApnsError.ERR_TOKEN_INVAL,
    ExpiredToken: ApnsError.ERR_TOKEN_INVAL,
    MissingDeviceToken: ApnsError.ERR_NO_TOKEN,
    MissingTopic: ApnsError.ERR_NO_TOPIC,
    PayloadEmpty: ApnsError.ERR_NO_PAYLOAD,
    PayloadTooLarge: ApnsError.ERR_PAYLOAD_SIZE,
    InternalServerError: ApnsError.ERR_PROCESSING,
    ServiceUnavailable: ApnsError.ERR_PROCESSING,
    TooManyRequests: ApnsError.ERR_UNKNOWN,
    NeverHeardOfIt: ApnsError.ERR_UNKNOWN,
  }
  for (const [reason, status] of Object.entries(statuses)) {
    assert.equal(new ApnsError({ reason }).status, status, reason)
  }
})

test('a reason of ours brings its code', () => {
  for (const [reason, code] of [
    ['Expired', 'expired'],
    ['ConnectionLost', 'unknown'],
    ['RequestReset', 'unknown'],
    ['Cancelled', 'cancelled'],
    ['WrongEnvironment', 'configuration'],
  ] as const) {
    const error = new ApnsError({ reason })
    assert.equal(error.code, code)
    assert.notEqual(error.description, '')
    assert.deepEqual(fieldsOf(error), fieldsOf(new ApnsError(localFailure(reason))))
  }
})

test('what is given goes before what is known', () => {
  const when = new Date(1_700_000_000_000)
  const error = new ApnsError({
    code: 'configuration',
    reason: 'Unregistered',
    status: 42,
    description: 'Something.',
    action: 'Nothing.',
    token: 'ab',
    apnsId: 'id',
    httpStatus: 410,
    timestamp: when,
    cause: 'a cause',
    notification: notification(),
  })
  assert.deepEqual(
    { ...fieldsOf(error), message: error.message, cause: error.cause },
    {
      code: 'configuration',
      reason: 'Unregistered',
      status: 42,
      description: 'Something.',
      action: 'Nothing.',
      token: 'ab',
      apnsId: 'id',
      httpStatus: 410,
      timestamp: when,
      message: 'Unregistered: Something. Nothing.',
      cause: 'a cause',
    },
  )
  assert.equal('cause' in new ApnsError({ reason: 'Expired' }), false)
})

test("a hostile server's reason is a text, whatever it says", () => {
  for (const reason of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    const error = new ApnsError({ reason, httpStatus: 400 })
    assert.equal(error.reason, reason)
    assert.equal(error.code, 'refused')
    assert.equal(error.status, ApnsError.ERR_UNKNOWN)
    assert.equal(error.action, '')
    assert.equal(error.message, `${reason}: None (unknown)`)
  }
})

test('it is an error like any other', () => {
  const error = new ApnsError({ reason: 'Unregistered' })
  assert.ok(error instanceof Error)
  assert.ok(error instanceof ApnsError)
  assert.ok(types.isNativeError(error))
  assert.equal(error.name, 'ApnsError')
  assert.equal(String(error), `ApnsError: ${error.message}`)
  assert.equal(error.stack, `ApnsError: ${error.message}`)
})

test('it captures no stack, and every other error still does', () => {
  const limit = Error.stackTraceLimit
  const error = new ApnsError({ reason: 'Unregistered' })
  assert.doesNotMatch(error.stack ?? '', /\n/)
  assert.equal(Error.stackTraceLimit, limit)
  assert.match(new Error('other').stack ?? '', /\n +at /)
})

test('it can be made where the stack limit is frozen', () => {
  const before = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')
  assert.ok(before)
  Object.defineProperty(Error, 'stackTraceLimit', { writable: false })
  try {
    assert.equal(new ApnsError({ reason: 'Unregistered' }).reason, 'Unregistered')
  } finally {
    Object.defineProperty(Error, 'stackTraceLimit', before)
  }
})

test('printing it, and writing it as JSON, shows its facts and not its message', () => {
  const error = new ApnsError({ reason: 'BadDeviceToken', httpStatus: 400, notification: notification() })
  for (const text of [inspect(error, { depth: 9 }), JSON.stringify(error)]) {
    assert.match(text, /BadDeviceToken/)
    assert.match(text, new RegExp(TOKEN))
    assert.doesNotMatch(text, /encodedPayload|Message|notification/)
  }
  assert.equal(inspect(error).split('\n')[0], `[ApnsError: ${error.message}] {`)
})
