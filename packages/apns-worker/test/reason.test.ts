import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classify, REASONS, type ReasonClass } from 'apns-worker'

/** Apple's documented reasons for device pushes, broadcasts and channels, each with its HTTP status, and what is to be done about it. */
const DOCUMENTED: readonly (readonly [httpStatus: number, reason: string, ReasonClass])[] = [
  [400, 'BadCollapseId', 'request'],
  [400, 'BadDeviceToken', 'token'],
  [400, 'BadExpirationDate', 'request'],
  [400, 'BadMessageId', 'request'],
  [400, 'BadPriority', 'request'],
  [400, 'BadTopic', 'request'],
  [400, 'DeviceTokenNotForTopic', 'token'],
  [400, 'DuplicateHeaders', 'request'],
  [400, 'IdleTimeout', 'connection'],
  [400, 'InvalidPushType', 'request'],
  [400, 'MissingDeviceToken', 'request'],
  [400, 'MissingTopic', 'request'],
  [400, 'PayloadEmpty', 'request'],
  [400, 'TopicDisallowed', 'configuration'],
  [403, 'BadCertificate', 'configuration'],
  [403, 'BadCertificateEnvironment', 'configuration'],
  [403, 'ExpiredProviderToken', 'renew'],
  [403, 'Forbidden', 'request'],
  [403, 'InvalidProviderToken', 'configuration'],
  [403, 'MissingProviderToken', 'configuration'],
  [403, 'UnrelatedKeyIdInToken', 'connection'],
  [403, 'BadEnvironmentKeyIdInToken', 'configuration'],
  [403, 'BadEnvironmentKeyInToken', 'configuration'],
  [404, 'BadPath', 'request'],
  [405, 'MethodNotAllowed', 'request'],
  [410, 'ExpiredToken', 'token'],
  [410, 'Unregistered', 'token'],
  [413, 'PayloadTooLarge', 'request'],
  [429, 'TooManyProviderTokenUpdates', 'later'],
  [429, 'TooManyRequests', 'later'],
  [500, 'InternalServerError', 'later'],
  [503, 'ServiceUnavailable', 'later'],
  [503, 'Shutdown', 'later'],
  [400, 'FeatureNotEnabled', 'configuration'],
  [400, 'MissingChannelId', 'request'],
  [400, 'BadChannelId', 'request'],
  [400, 'ChannelNotRegistered', 'request'],
  [400, 'BadRequestParams', 'request'],
  [400, 'BadRequestPayload', 'request'],
  [400, 'MissingPushType', 'request'],
  [400, 'CannotCreateChannelConfig', 'request'],
  [403, 'TopicMismatch', 'configuration'],
  [503, 'Service Unavailable', 'later'],
]

test('every documented reason is in the table, and nothing else', () => {
  assert.deepEqual(Object.keys(REASONS).toSorted(), DOCUMENTED.map(([, reason]) => reason).toSorted())
})

for (const [httpStatus, reason, klass] of DOCUMENTED) {
  test(`${reason} is of class ${klass}, whatever its status`, () => {
    const entry = REASONS[reason]
    assert.equal(entry?.class, klass)
    assert.match(entry.description, /^[A-Z].*\.$/)
    assert.match(entry.action, /^[A-Z].*\.$/)
    // Apple has moved reasons from one status to another.
    for (const status of [httpStatus, 400, 410, 503, 0]) assert.equal(classify(status, reason), entry)
  })
}

test('an unknown reason is classified by its status', () => {
  const expected: Readonly<Record<number, ReasonClass>> = {
    400: 'request',
    403: 'request',
    404: 'request',
    410: 'token',
    429: 'later',
    500: 'later',
    503: 'later',
    599: 'later',
    302: 'request',
    418: 'request',
  }
  for (const [status, klass] of Object.entries(expected)) {
    for (const reason of ['NewReason', '', 'constructor', '__proto__', 'toString']) {
      const entry = classify(Number(status), reason)
      assert.equal(entry.class, klass, `${status} ${reason}`)
      assert.notEqual(entry.description, '')
      assert.notEqual(entry.action, '')
    }
  }
  assert.match(classify(418, 'NewReason').description, /418/)
})
