import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import {
  CLOCK_TOLERANCE_MS,
  MAX_AGE_MS,
  MINIMUM_RENEWAL_INTERVAL_MS,
  type ProviderTokenOptions,
  ProviderTokens,
  SLOT_MS,
} from '#src/credentials/provider-tokens.js'
import { KEYS, keyPem, NOW_MS } from './test-certificates.js'

const MINUTE_MS = 60_000

function setUp(extra: Partial<ProviderTokenOptions> = {}): {
  tokens: ProviderTokens
  clock: { nowMs: number }
} {
  const clock = { nowMs: NOW_MS + 789 }
  const tokens = new ProviderTokens({
    key: KEYS.p256,
    keyId: 'ABC123DEFG',
    teamId: 'TEAM123456',
    now: () => clock.nowMs,
    ...extra,
  })
  return { tokens, clock }
}

function decode(part: string | undefined): unknown {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString())
}

function issuedAtMs(token: string): number {
  const claims = decode(token.split('.')[1])
  assert.ok(typeof claims === 'object' && claims !== null && 'iat' in claims)
  return Number(claims.iat) * 1000
}

describe('the provider token', () => {
  it('tells its age by its date, and none before it is made', () => {
    const { tokens, clock } = setUp()
    assert.equal(tokens.ageMs(), undefined)
    tokens.current()
    assert.equal(tokens.ageMs(), 789)
    clock.nowMs += 10 * MINUTE_MS
    assert.equal(tokens.ageMs(), 789 + 10 * MINUTE_MS)
    // A clock set back makes it no younger.
    clock.nowMs -= 5 * MINUTE_MS
    assert.equal(tokens.ageMs(), 789 + 10 * MINUTE_MS)
  })

  it('is a JWT that the public key verifies', () => {
    const { tokens } = setUp()
    const [header, claims, signature, ...rest] = tokens.current().split('.')
    assert.deepEqual(rest, [])
    assert.deepEqual(decode(header), { alg: 'ES256', kid: 'ABC123DEFG' })
    assert.deepEqual(decode(claims), { iss: 'TEAM123456', iat: NOW_MS / 1000 })
    const raw = Buffer.from(signature ?? '', 'base64url')
    assert.equal(raw.length, 64)
    const key = { key: createPublicKey(keyPem(KEYS.p256)), dsaEncoding: 'ieee-p1363' } as const
    assert.ok(verify('sha256', Buffer.from(`${header}.${claims}`), key, raw))
  })

  it('takes further claims, which cannot replace its own', () => {
    const { tokens } = setUp({ extraClaims: { sub: 'com.example.app', iss: 'other', iat: 1 } })
    assert.deepEqual(decode(tokens.current().split('.')[1]), {
      sub: 'com.example.app',
      iss: 'TEAM123456',
      iat: NOW_MS / 1000,
    })
  })

  it('does not show its key when it is logged', () => {
    const { tokens } = setUp()
    tokens.current()
    assert.equal(inspect(tokens, { showHidden: true, depth: 5 }), 'ProviderTokens {}')
    assert.equal(JSON.stringify(tokens), '{}')
  })
})

describe('the renewal of the provider token', () => {
  it('happens at the half hour and not before', () => {
    const { tokens, clock } = setUp()
    const first = tokens.current()
    clock.nowMs = NOW_MS + SLOT_MS - 1
    assert.equal(tokens.current(), first)
    clock.nowMs += 1
    const second = tokens.current()
    assert.notEqual(second, first)
    assert.equal(tokens.current(), second)
    assert.equal(issuedAtMs(second) - issuedAtMs(first), SLOT_MS)
  })

  it('waits 20 minutes after it was made, however soon the half hour comes', () => {
    const { tokens, clock } = setUp()
    clock.nowMs = NOW_MS + SLOT_MS - MINUTE_MS
    const first = tokens.current()
    clock.nowMs += MINIMUM_RENEWAL_INTERVAL_MS - 1
    assert.equal(tokens.current(), first)
    clock.nowMs += 1
    assert.equal(issuedAtMs(tokens.current()), NOW_MS + SLOT_MS)
  })

  it('gives all processes with one key tokens of one date', () => {
    const dates = [0, 1, 12, 29].map((minutes) => {
      const { tokens, clock } = setUp()
      clock.nowMs = NOW_MS + minutes * MINUTE_MS
      return issuedAtMs(tokens.current())
    })
    assert.deepEqual(dates, [NOW_MS, NOW_MS, NOW_MS, NOW_MS])
  })

  it('happens once after a long pause', () => {
    const { tokens, clock } = setUp()
    tokens.current()
    clock.nowMs += 8 * 60 * MINUTE_MS
    assert.equal(issuedAtMs(tokens.current()), NOW_MS + 8 * 60 * MINUTE_MS)
  })

  it('waits 20 minutes when the clock is set back right after signing', () => {
    const { tokens, clock } = setUp()
    const first = tokens.current()
    clock.nowMs -= 60 * MINUTE_MS
    assert.equal(tokens.current(), first)
    clock.nowMs += MINIMUM_RENEWAL_INTERVAL_MS - 1
    assert.equal(tokens.current(), first)
    clock.nowMs += 1
    const second = tokens.current()
    assert.notEqual(second, first)
    assert.ok(issuedAtMs(second) <= clock.nowMs)
  })

  it('is at once when the clock is set back after 20 minutes', () => {
    const { tokens, clock } = setUp()
    const first = tokens.current()
    clock.nowMs += 25 * MINUTE_MS
    assert.equal(tokens.current(), first)
    clock.nowMs = NOW_MS - CLOCK_TOLERANCE_MS - 1
    assert.notEqual(tokens.current(), first)
  })

  it('ignores a clock that is set back by a little', () => {
    const { tokens, clock } = setUp()
    const first = tokens.current()
    clock.nowMs += 25 * MINUTE_MS
    tokens.current()
    clock.nowMs = NOW_MS - CLOCK_TOLERANCE_MS
    assert.equal(tokens.current(), first)
  })

  it('does not let a clock that is set back keep a token past its time', () => {
    const { tokens, clock } = setUp()
    const first = tokens.current()
    for (let minutes = 0; minutes < 50; minutes += 10) {
      assert.equal(tokens.current(), first)
      clock.nowMs += 10 * MINUTE_MS
      tokens.current()
      clock.nowMs -= 10 * MINUTE_MS
    }
    assert.notEqual(tokens.current(), first)
  })

  it('keeps to 20 and 50 minutes whatever the clock and the server do, but for one exact date', () => {
    const step = fc.record({
      elapsedMs: fc.integer({ min: 0, max: 30 * MINUTE_MS }),
      jumpMs: fc.oneof(fc.constant(0), fc.integer({ min: -300 * MINUTE_MS, max: 0 })),
      isRefused: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { tokens, clock } = setUp()
        let token = tokens.current()
        let datedBackMs = clock.nowMs - issuedAtMs(token)
        let ageMs = 0
        let exactDates = 0
        const observe = (): void => {
          const next = tokens.current()
          if (next === token) {
            assert.ok(datedBackMs + ageMs < MAX_AGE_MS)
          } else {
            if (ageMs < MINIMUM_RENEWAL_INTERVAL_MS) {
              assert.ok(datedBackMs >= MINUTE_MS, 'only a token that was dated back is replaced so soon')
              assert.equal(++exactDates, 1, 'and only once')
            }
            token = next
            datedBackMs = clock.nowMs - issuedAtMs(token)
            ageMs = 0
          }
        }
        for (const { elapsedMs, jumpMs, isRefused } of steps) {
          clock.nowMs += jumpMs
          observe() // between the two movements: together they would look like one
          clock.nowMs += elapsedMs
          ageMs += elapsedMs
          if (isRefused) tokens.expired(token)
          observe()
        }
      }),
    )
  })
})

describe('a token that the server calls expired', () => {
  it('is renewed once, however many requests it hits', () => {
    const { tokens, clock } = setUp()
    const rejected = tokens.current()
    clock.nowMs += MINIMUM_RENEWAL_INTERVAL_MS
    const verdicts = Array.from({ length: 1000 }, () => tokens.expired(rejected))
    assert.equal(verdicts[0], 'renewed')
    assert.deepEqual(new Set(verdicts.slice(1)), new Set(['already-renewed']))
    assert.notEqual(tokens.current(), rejected)
  })

  it('is not renewed when it is fresh: the clock is wrong', () => {
    const { tokens, clock } = setUp()
    const rejected = tokens.current()
    clock.nowMs += MINIMUM_RENEWAL_INTERVAL_MS - 1
    assert.equal(tokens.expired(rejected), 'too-soon')
    assert.equal(tokens.current(), rejected)
  })

  it('is dated exactly from then on where it was dated back', () => {
    const { tokens, clock } = setUp()
    clock.nowMs = NOW_MS + 29 * MINUTE_MS
    const rejected = tokens.current()
    assert.equal(tokens.expired(rejected), 'renewed')
    const exact = tokens.current()
    assert.equal(issuedAtMs(exact), clock.nowMs)
    assert.equal(tokens.expired(exact), 'too-soon')
    clock.nowMs += 25 * MINUTE_MS
    assert.equal(issuedAtMs(tokens.current()), clock.nowMs)
  })

  it('is not renewed again when its successor is refused too', () => {
    const { tokens, clock } = setUp()
    const first = tokens.current()
    clock.nowMs += MINIMUM_RENEWAL_INTERVAL_MS
    assert.equal(tokens.expired(first), 'renewed')
    assert.equal(tokens.expired(tokens.current()), 'too-soon')
  })

  it('is renewed once the clock is put right', () => {
    const { tokens, clock } = setUp()
    const rejected = tokens.current()
    assert.equal(tokens.expired(rejected), 'too-soon')
    clock.nowMs += 120 * MINUTE_MS
    assert.notEqual(tokens.current(), rejected)
  })
})
