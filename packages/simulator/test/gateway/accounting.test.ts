import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayNotification } from '@apns-worker/simulator'
import fc from 'fast-check'
import { enhancedFrame, itemsFrame, simpleFrame, token, withGateway } from './gateway-client.js'

const scenario = fc.record({
  /** The format of each frame; token and ident are its position, from 1. */
  frames: fc.array(fc.constantFrom(simpleFrame, enhancedFrame, itemsFrame), { minLength: 1, maxLength: 40 }),
  /** Lengths of the pieces in which they are written. */
  pieces: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 40 }),
  /** Position of the one that a rule is for, if there is one. */
  special: fc.integer({ min: 1, max: 60 }),
  status: fc.constantFrom(1, 8, 10, 255),
  /** Where the connection is cut; mostly behind everything. */
  cutAt: fc.integer({ min: 0, max: 6000 }),
})

function positions(notifications: readonly GatewayNotification[], connection: number): number[] {
  return notifications
    .filter((notification) => notification.connection === connection)
    .map((notification) => Number.parseInt(notification.token, 16))
}

test('whatever the frames, the pieces, the refusal and the cut: each notification has one fate', async () => {
  let connection = 0
  await withGateway({}, async ({ gateway, connect }) => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ frames, pieces, special, status, cutAt }) => {
        const encoded = frames.map((encode, index) => encode({ token: token(index + 1), ident: index + 1 }))
        const bytes = Buffer.concat(encoded)
        const removers = [
          gateway.reply({ token: token(special), status }),
          gateway.reply({ disconnectAtByte: cutAt }),
        ]
        const client = await connect()
        connection += 1
        for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
          const length = pieces[piece % pieces.length] ?? 1
          client.socket.write(bytes.subarray(at, at + length))
          at += length
        }
        client.socket.end()
        const received = await client.ended()
        await gateway.waitFor(() => gateway.counts().openConnections === 0)
        for (const remove of removers) remove()

        let end = 0
        const complete = encoded.filter((frame) => {
          end += frame.length
          return end <= cutAt
        }).length
        const lastAccepted = status === 10 ? special : special - 1
        assert.deepEqual(positions(gateway.received, connection), range(1, Math.min(complete, lastAccepted)))
        const isRejected = status !== 10 && special <= complete
        assert.deepEqual(positions(gateway.rejected, connection), isRejected ? [special] : [])
        // The end of the connection may come before everything that follows the refusal was read.
        const discarded = positions(gateway.discarded, connection)
        assert.deepEqual(discarded, range(special + 1, special + discarded.length))
        assert.ok(special + discarded.length <= Math.max(complete, special))
        if (special > complete) assert.equal(received.length, 0)
      }),
      { numRuns: 60 },
    )
  })
})

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
}
