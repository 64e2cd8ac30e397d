import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apnsIdAt } from '@apns-worker/server'
import { newMessageId } from '#src/outbox/apns-ids.js'

test('every token of a message has an id of its own, a UUID, that leads back to the message', () => {
  const messageId = newMessageId()
  const ids = [0, 1, 0x1234, 2 ** 32 - 1].map((index) => apnsIdAt(messageId, index))
  for (const id of [messageId, ...ids]) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(id.slice(0, 28), messageId.slice(0, 28))
  }
  assert.deepEqual(
    ids.map((id) => id.slice(-8)),
    ['00000000', '00000001', '00001234', 'ffffffff'],
  )
  assert.notEqual(newMessageId(), messageId)
})
