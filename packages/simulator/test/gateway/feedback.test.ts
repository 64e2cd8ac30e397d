import assert from 'node:assert/strict'
import { test } from 'node:test'
import { itemsFrame, simpleFrame, token, withGateway } from './gateway-client.js'

const TUPLE_BYTES = 38

/** The tuples in what the feedback service sent, and what remains. */
function parse(bytes: Buffer): { tuples: [token: string, timestamp: number][]; remainder: Buffer } {
  const tuples: [string, number][] = []
  let at = 0
  while (bytes.length - at >= 6) {
    const end = at + 6 + bytes.readUInt16BE(at + 4)
    if (end > bytes.length) break
    tuples.push([bytes.toString('hex', at + 6, end), bytes.readUInt32BE(at)])
    at = end
  }
  return { tuples, remainder: bytes.subarray(at) }
}

test('sends nothing and closes when the list is empty', async () => {
  await withGateway({}, async ({ gateway, connectFeedback }) => {
    assert.equal((await (await connectFeedback()).ended()).length, 0)
    await gateway.waitFor(() => gateway.counts().openFeedbackConnections === 0)
    assert.equal(gateway.counts().feedbackConnections, 1)
  })
})

test('sends what is on the list, and the list is empty once it was read', async () => {
  await withGateway({ now: () => 1_700_000_000_999 }, async ({ gateway, connectFeedback }) => {
    gateway.addFeedback(token(1), new Date(1_600_000_000_000))
    assert.deepEqual(parse(await (await connectFeedback()).ended()).tuples, [[token(1), 1_600_000_000]])
    assert.deepEqual(gateway.feedback, [])
    assert.equal((await (await connectFeedback()).ended()).length, 0)

    gateway.addFeedback('ABCD', 4_294_967_295_000)
    gateway.addFeedback(token(2), 0)
    gateway.addFeedback('ef'.repeat(100))
    assert.deepEqual(gateway.feedback, ['abcd', token(2), 'ef'.repeat(100)])
    assert.deepEqual(parse(await (await connectFeedback()).ended()).tuples, [
      ['abcd', 4_294_967_295],
      [token(2), 0],
      ['ef'.repeat(100), 1_700_000_000],
    ])
  })
})

test('a token is there once, with the latest time; what is no token or time is refused', async () => {
  await withGateway({}, async ({ gateway, connectFeedback }) => {
    gateway.addFeedback(token(1), 1_000)
    gateway.addFeedback(token(2), 1_000)
    gateway.addFeedback(token(1), 2_000)
    for (const [bad, when] of [
      ['', 0],
      ['abc', 0],
      ['xy', 0],
      ['ab', -1],
      ['ab', Number.NaN],
      ['ab', 4_294_967_296_000],
      ['ab'.repeat(65_536), 0],
    ] as const) {
      assert.throws(() => gateway.addFeedback(bad, when), TypeError)
    }
    const { tuples } = parse(await (await connectFeedback()).ended())
    assert.deepEqual(tuples, [
      [token(1), 2],
      [token(2), 1],
    ])
  })
})

test('a long list, and one in pieces of one byte', async () => {
  await withGateway({}, async ({ gateway, connectFeedback }) => {
    for (let number = 1; number <= 5_000; number++) gateway.addFeedback(token(number))
    const { tuples, remainder } = parse(await (await connectFeedback()).ended())
    assert.deepEqual(
      tuples.map(([hex]) => hex),
      Array.from({ length: 5_000 }, (_, index) => token(index + 1)),
    )
    assert.equal(remainder.length, 0)
  })
  await withGateway({ chunkBytes: 1 }, async ({ gateway, connectFeedback }) => {
    for (const number of [1, 2, 3]) gateway.addFeedback(token(number))
    const client = await connectFeedback()
    assert.equal(parse(await client.ended()).tuples.length, 3)
    assert.ok(client.pieces.length > 3)
  })
})

test('a connection is cut inside a tuple, and another one is kept open', async () => {
  const rules = [
    { service: 'feedback', connection: 1, disconnectAtByte: TUPLE_BYTES + 10 },
    { service: 'feedback', keepOpen: true },
  ] as const
  await withGateway({ rules }, async ({ gateway, connectFeedback }) => {
    for (const number of [1, 2]) gateway.addFeedback(token(number))
    const { tuples, remainder } = parse(await (await connectFeedback()).ended())
    assert.deepEqual([tuples.length, remainder.length], [1, 10])
    assert.deepEqual(gateway.feedback, [], 'what was sent in part is lost')

    gateway.addFeedback(token(3))
    const open = await connectFeedback()
    await gateway.waitFor(() => gateway.feedback.length === 0)
    gateway.addFeedback(token(4))
    gateway.addFeedback(token(5))
    await gateway.waitFor(() => gateway.feedback.length === 0)
    while (Buffer.concat(open.pieces).length < 3 * TUPLE_BYTES) {
      await new Promise((resolve) => open.socket.once('data', resolve))
    }
    assert.equal(gateway.counts().openFeedbackConnections, 1)
    gateway.disconnect()
    assert.equal(parse(await open.ended()).tuples.length, 3)
  })
})

test('rules put tokens on the list: rejected ones, and accepted ones of apps that are gone', async () => {
  const rules = [
    { token: token(1), status: 8, feedback: 1_500_000_000_000 },
    { token: token(2), feedback: true },
    { token: token(3), status: 8 },
  ] as const
  await withGateway(
    { rules, now: () => 1_700_000_000_000 },
    async ({ gateway, connect, connectFeedback }) => {
      for (const number of [1, 2, 3]) {
        const client = await connect()
        client.write(simpleFrame({ token: token(9) }), itemsFrame({ token: token(number) }))
      }
      await gateway.waitFor(({ received, rejected }) => received.length + rejected.length === 6)
      assert.deepEqual(
        gateway.received.map(({ token: hex }) => hex).filter((hex) => hex !== token(9)),
        [token(2)],
      )
      const { tuples } = parse(await (await connectFeedback()).ended())
      assert.deepEqual(
        new Map(tuples),
        new Map([
          [token(1), 1_500_000_000],
          [token(2), 1_700_000_000],
        ]),
      )
    },
  )
})
