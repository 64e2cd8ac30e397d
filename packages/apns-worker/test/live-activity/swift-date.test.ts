import assert from 'node:assert/strict'
import { test } from 'node:test'
import { swiftDate } from 'apns-worker'

test('a Date of Swift is seconds since 2001', () => {
  assert.equal(swiftDate(new Date('2001-01-01T00:00:00Z')), 0)
  assert.equal(swiftDate(new Date('2001-01-02T00:00:00.500Z')), 86_400.5)
  assert.equal(swiftDate(new Date('2000-12-31T23:59:59Z')), -1)
})
