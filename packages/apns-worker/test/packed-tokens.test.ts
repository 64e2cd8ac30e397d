import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { Message, MessageError, packedTokens } from 'apns-worker'
import { Sender, tokensOf } from './support/sender.js'

describe('tokens that are kept as bytes', () => {
  it('are the tokens of a message', () => {
    const bytes = Uint8Array.of(0xab, 1, 2, 0xff, 0, 3)
    const message = new Message(packedTokens(bytes, 2), {})
    assert.deepEqual(message.tokens, ['ab01', '02ff', '0003'])
    assert.equal(message.length, 3)
    assert.deepEqual(new Message(packedTokens(bytes, 6), {}).tokens, ['ab0102ff0003'])
    assert.equal(new Message(packedTokens(new Uint8Array()), {}).length, 0)
    assert.deepEqual([...packedTokens(bytes, 3)], ['ab0102', 'ff0003'])
  })

  it('may be a view of a larger buffer', () => {
    const view = new Uint8Array(70).fill(7).subarray(3, 67)
    view[0] = 1
    assert.deepEqual(new Message(packedTokens(view), {}).tokens, [`01${'07'.repeat(31)}`, '07'.repeat(32)])
  })

  it('have to be a number of whole tokens', () => {
    const bad = (error: unknown): boolean => error instanceof MessageError && error.code === 'BAD_TOKENS'
    assert.throws(() => packedTokens(new Uint8Array(33)), bad)
    for (const tokenBytes of [0, -1, 1.5, Number.NaN, 101])
      assert.throws(() => packedTokens(new Uint8Array(303), tokenBytes), bad)
    assert.throws(() => packedTokens([1, 2] as never, 1), bad)
  })

  it('arrive as they are', async () => {
    await using simulator = await startSimulator()
    await using sender = new Sender(simulator)
    const expected = tokensOf(3)
    const message = new Message(packedTokens(Buffer.from(expected.join(''), 'hex')), {
      aps: { alert: 'hello' },
    })
    assert.equal((await sender.sendMessage(message).done()).succeeded, 3)
    const received = simulator.received.map(({ token }) => token)
    assert.deepEqual(received.toSorted(), expected.toSorted())
  })
})
