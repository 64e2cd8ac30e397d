import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectionRefusal } from '#src/backend/connection-refusal.js'
import { ProxyError, type ProxyErrorCode } from '#src/net/proxy/proxy-error.js'

function withCode(code: string): Error {
  return Object.assign(new Error('this is why'), { code })
}

function refused(code: ProxyErrorCode): Error {
  return new ProxyError(code, 'this is why')
}

describe('what ends a connection is a configuration error', () => {
  const TABLE: readonly (readonly [cause: Error, first: string | undefined, later: string | undefined])[] = [
    [withCode('DEPTH_ZERO_SELF_SIGNED_CERT'), 'TlsHandshake', undefined],
    [withCode('ERR_HTTP2_NOT_SPOKEN'), 'TlsHandshake', undefined],
    [withCode('ECONNREFUSED'), undefined, undefined],
    [new Error('this is why'), undefined, undefined],
    [refused('PROXY_CREDENTIALS'), 'ProxyCredentials', 'ProxyCredentials'],
    [refused('PROXY_TLS'), 'ProxyTlsHandshake', undefined],
    [refused('PROXY_UNREACHABLE'), undefined, undefined],
    [refused('PROXY_REFUSED'), undefined, undefined],
    [refused('PROXY_BAD_ANSWER'), undefined, undefined],
  ]
  for (const [cause, first, later] of TABLE) {
    const code = String(Reflect.get(cause, 'code'))
    it(`(${code}: ${first ?? 'no'}; once a connection has worked: ${later ?? 'no'})`, () => {
      assert.equal(connectionRefusal(cause, false)?.reason, first)
      assert.equal(connectionRefusal(cause, true)?.reason, later)
      if (first !== undefined) {
        const failure = connectionRefusal(cause, false)
        assert.equal(failure?.code, 'configuration')
        assert.equal(failure.cause, cause)
        assert.match(failure.description, /this is why\.$/)
      }
    })
  }
})
