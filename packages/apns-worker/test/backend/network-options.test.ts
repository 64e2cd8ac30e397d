import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resolveNetworkOptions } from '#src/backend/network-options.js'

const DEFAULTS = resolveNetworkOptions({})
/** setTimeout counts in 32 bits, in milliseconds. */
const LONGEST = (2 ** 31 - 1) / 1000

describe('the options of the default backend', () => {
  it('have the defaults that their documentation names', () => {
    assert.deepEqual(DEFAULTS, {
      maxConnections: 8,
      connectTimeout: 10,
      requestTimeout: 20,
      maxAttempts: 10,
      retryDelay: 1,
      maxRetryDelay: 900,
      maxRetryTime: 3600,
      pingInterval: 600,
      pingTimeout: 10,
      maxConnectionAge: 86_400,
      maxConnectionRequests: 500_000_000,
      idleTimeout: 60,
      idleConnections: 1,
      badTokenLimit: 20,
    })
  })

  it('take what is given, and leave the other options of a manager alone', () => {
    const given = {
      requestTimeout: 0.25,
      maxAttempts: 3,
      retryDelay: 0,
      topic: 'com.example.app',
      connectTimeout: undefined,
    }
    assert.deepEqual(resolveNetworkOptions(given), {
      ...DEFAULTS,
      requestTimeout: 0.25,
      maxAttempts: 3,
      retryDelay: 0,
    })
  })

  for (const name of Object.keys(DEFAULTS)) {
    for (const value of [-1, Number.NaN, '5', null, true, Number.NEGATIVE_INFINITY]) {
      it(`refuse ${name}: ${JSON.stringify(value)} (${typeof value})`, () => {
        assert.throws(() => resolveNetworkOptions({ [name]: value }), {
          name: 'TypeError',
          message: new RegExp(`^${name} is .*; give a number of at least `),
        })
      })
    }
  }

  for (const name of ['maxConnections', 'maxAttempts', 'badTokenLimit', 'connectTimeout', 'requestTimeout']) {
    it(`refuse ${name}: 0, with which nothing would ever be sent`, () => {
      assert.throws(() => resolveNetworkOptions({ [name]: 0 }), TypeError)
    })
  }

  it('take Infinity for what shall not be limited; durations as long as a timer can wait', () => {
    const unlimited = Object.fromEntries(
      Object.keys(DEFAULTS).map((name) => [name, Number.POSITIVE_INFINITY]),
    )
    const {
      maxConnections,
      maxConnectionRequests,
      maxAttempts,
      badTokenLimit,
      idleConnections,
      ...durations
    } = resolveNetworkOptions(unlimited)
    assert.deepEqual(
      [maxConnections, maxConnectionRequests, maxAttempts, badTokenLimit, idleConnections],
      Array(5).fill(Number.POSITIVE_INFINITY),
    )
    assert.deepEqual(Object.values(durations), Array(9).fill(LONGEST))
  })
})
