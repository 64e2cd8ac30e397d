import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ApnsError, REASONS } from 'apns-worker'
import { parseRefusal, verdictOn } from '#src/backend/http2/verdict.js'

/** Apple's page and our notes on each reason, by what is to be done about it. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  refused: [
    'BadChannelId',
    'BadCollapseId',
    'BadDeviceToken',
    'BadExpirationDate',
    'BadMessageId',
    'BadPath',
    'BadPriority',
    'BadRequestParams',
    'BadRequestPayload',
    'BadTopic',
    'CannotCreateChannelConfig',
    'ChannelNotRegistered',
    'DeviceTokenNotForTopic',
    'DuplicateHeaders',
    'ExpiredToken',
    'Forbidden',
    'InvalidPushType',
    'MethodNotAllowed',
    'MissingChannelId',
    'MissingDeviceToken',
    'MissingPushType',
    'MissingTopic',
    'PayloadEmpty',
    'PayloadTooLarge',
    'Unregistered',
  ],
  later: [
    'InternalServerError',
    'Service Unavailable',
    'ServiceUnavailable',
    'Shutdown',
    'TooManyProviderTokenUpdates',
    'TooManyRequests',
  ],
  renew: ['ExpiredProviderToken'],
  reconnect: ['IdleTimeout', 'UnrelatedKeyIdInToken'],
  stop: [
    'BadCertificate',
    'BadCertificateEnvironment',
    'BadEnvironmentKeyIdInToken',
    'BadEnvironmentKeyInToken',
    'FeatureNotEnabled',
    'InvalidProviderToken',
    'MissingProviderToken',
    'TopicDisallowed',
    'TopicMismatch',
  ],
}

describe('the verdict on a refusal', () => {
  it('knows every reason', () => {
    assert.deepEqual(Object.values(KINDS).flat().sort(), Object.keys(REASONS).sort())
  })

  for (const [kind, reasons] of Object.entries(KINDS)) {
    for (const reason of reasons) {
      it(`with reason ${reason} is "${kind}", whatever the status`, () => {
        for (const httpStatus of [400, 403, 410, 503]) {
          const verdict = verdictOn(httpStatus, JSON.stringify({ reason }))
          assert.equal(verdict.kind, kind)
          assert.equal(verdict.failure.reason, reason)
          assert.equal(verdict.failure.httpStatus, httpStatus)
          assert.equal(verdict.failure.code, kind === 'stop' ? 'configuration' : 'refused')
          assert.notEqual(verdict.failure.description, '')
          assert.notEqual(verdict.failure.action, '')
        }
      })
    }
  }

  it('names the status of the retired protocol that comes closest', () => {
    const status = (reason: string): number => verdictOn(400, JSON.stringify({ reason })).failure.status
    assert.equal(status('Unregistered'), ApnsError.ERR_TOKEN_INVAL)
    assert.equal(status('MissingTopic'), ApnsError.ERR_NO_TOPIC)
    assert.equal(status('PayloadTooLarge'), ApnsError.ERR_PAYLOAD_SIZE)
    assert.equal(status('InternalServerError'), ApnsError.ERR_PROCESSING)
    assert.equal(status('Forbidden'), ApnsError.ERR_UNKNOWN)
  })

  const unknown: readonly [number, string, string, string][] = [
    [410, '{"reason":"Moved"}', 'refused', 'Moved'],
    [429, '{"reason":"SlowDown"}', 'later', 'SlowDown'],
    [500, '', 'later', 'HTTP 500'],
    [502, '<html>Bad Gateway</html>', 'later', 'HTTP 502'],
    [599, '{"reason":7}', 'later', 'HTTP 599'],
    [400, '{"reason":"NewReason"}', 'refused', 'NewReason'],
    [418, 'short and stout', 'refused', 'HTTP 418'],
    [302, '', 'refused', 'HTTP 302'],
    [204, '', 'refused', 'HTTP 204'],
    [400, '{"reason":"constructor"}', 'refused', 'constructor'],
    [400, '{"reason":"__proto__"}', 'refused', '__proto__'],
    [503, '{"reason":"toString"}', 'later', 'toString'],
    [503, '{"reason":"Service Unavailable"}', 'later', 'Service Unavailable'],
  ]
  for (const [httpStatus, body, kind, reason] of unknown) {
    it(`${httpStatus} ${JSON.stringify(body)} is "${kind}", by its status`, () => {
      const verdict = verdictOn(httpStatus, body)
      assert.equal(verdict.kind, kind)
      assert.equal(verdict.failure.reason, reason)
      assert.equal(typeof verdict.failure.description, 'string')
      assert.equal(typeof verdict.failure.status, 'number')
    })
  }

  it('quotes a body that is not Apple’s, cut to what a person reads', () => {
    assert.match(
      verdictOn(502, '<h1>Bad Gateway</h1>').failure.description,
      /It said: "<h1>Bad Gateway<\/h1>"/,
    )
    const long = verdictOn(502, 'x'.repeat(4096)).failure.description
    assert.match(long, /"x{200}…"$/)
    assert.doesNotMatch(verdictOn(502, '').failure.description, /It said/)
  })

  it('reads bytes as UTF-8', () => {
    const body = Buffer.from('Überlastet').toString('latin1')
    assert.match(verdictOn(503, body).failure.description, /Überlastet/)
  })
})

describe('the JSON of a refusal', () => {
  it('may have a time, in milliseconds', () => {
    assert.deepEqual(parseRefusal('{"reason":"Unregistered","timestamp":1454948015990}'), {
      reason: 'Unregistered',
      timestamp: 1_454_948_015_990,
    })
    assert.deepEqual(
      verdictOn(410, '{"reason":"Unregistered","timestamp":1454948015990}').failure.timestamp,
      new Date('2016-02-08T16:13:35.990Z'),
    )
  })

  for (const timestamp of ['"1454948015990"', '1e300', 'null', '[]', '-9e15']) {
    it(`is read without the time when that is ${timestamp}`, () => {
      const refusal = parseRefusal(`{"reason":"Unregistered","timestamp":${timestamp}}`)
      assert.deepEqual(refusal, { reason: 'Unregistered', timestamp: undefined })
    })
  }

  for (const body of [
    '',
    '{',
    '[]',
    'null',
    '{}',
    '{"reason":null}',
    '{"reason":{}}',
    '"Unregistered"',
    ' {',
  ]) {
    it(`is not ${JSON.stringify(body)}`, () => assert.equal(parseRefusal(body), undefined))
  }
})
