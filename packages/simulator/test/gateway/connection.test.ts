import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import tls, { type ConnectionOptions } from 'node:tls'
import { startGateway } from '@apns-worker/simulator'
import { GatewayClient, itemsFrame, simpleFrame, TOPIC, token, withGateway } from './gateway-client.js'

test('shutdown names the last notification that was accepted, on each connection', async () => {
  await withGateway({}, async ({ gateway, connect }) => {
    const first = await connect()
    const second = await connect()
    const unused = await connect()
    const simple = await connect()
    first.write(itemsFrame({ ident: 1 }), itemsFrame({ ident: 2 }))
    second.write(itemsFrame({ ident: 7 }))
    simple.write(simpleFrame())
    await gateway.waitFor(4)
    gateway.shutdown()
    first.write(itemsFrame({ ident: 3 }))
    assert.deepEqual(await first.response(), { status: 10, ident: 2 })
    assert.deepEqual(await second.response(), { status: 10, ident: 7 })
    assert.deepEqual(await unused.response(), { status: 10, ident: 0 })
    assert.equal(await simple.response(), undefined, 'command 0 has no error response')
    assert.equal(gateway.received.length, 4)

    const third = await connect()
    third.write(itemsFrame({ ident: 11 }), itemsFrame({ ident: 12 }))
    await gateway.waitFor(6)
    gateway.shutdown(11)
    gateway.shutdown()
    assert.deepEqual(await third.response(), { status: 10, ident: 11 })
  })
})

test('a connection is cut at a byte: complete notifications are accepted, the rest never came', async () => {
  const frame = itemsFrame()
  for (const [extra, accepted] of [
    [-1, 1],
    [0, 2],
    [1, 2],
  ] as const) {
    const rule = { disconnectAtByte: 2 * frame.length + extra, times: 1 }
    await withGateway({ rules: [rule] }, async ({ gateway, connect }) => {
      const client = await connect()
      client.write(frame, frame, frame)
      assert.equal((await client.ended()).length, 0)
      assert.equal(gateway.received.length, accepted)
      assert.equal(gateway.discarded.length, 0)
      const next = await connect()
      next.write(frame, frame, frame)
      await gateway.waitFor(accepted + 3)
    })
  }
})

test('a connection can be cut before its first byte, by a rule for a notification, or by hand', async () => {
  await withGateway({ rules: [{ connection: 1, disconnectAtByte: 0 }] }, async ({ gateway, connect }) => {
    const atOnce = await connect()
    assert.equal((await atOnce.ended()).length, 0)
    gateway.reply({ token: token(2), disconnect: true, times: 1 })
    gateway.reply({ token: token(2), disconnect: true, delay: 0.01 })
    for (const _ of ['at once', 'later']) {
      const client = await connect()
      client.write(itemsFrame(), itemsFrame({ token: token(2) }), itemsFrame())
      assert.equal((await client.ended()).length, 0)
    }
    assert.equal(gateway.received.length, 2)
    const byHand = await connect()
    byHand.write(itemsFrame())
    await gateway.waitFor(3)
    gateway.disconnect()
    assert.equal((await byHand.ended()).length, 0)
    await gateway.waitFor(() => gateway.counts().openConnections === 0)
    assert.equal(gateway.counts().connections, 4)
  })
})

test('does not read: the client can not send for ever, and nothing is lost', async () => {
  const frame = itemsFrame({ payload: 'x'.repeat(2000) })
  const rules = [{ stopReadingAtByte: frame.length + 10 }]
  await withGateway({ rules }, async ({ gateway, connect }) => {
    const client = await connect()
    let sent = 0
    // More than the buffers of both sockets hold.
    while (client.socket.writableLength < 1_000_000) {
      client.write(frame)
      sent += 1
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(gateway.received.length, 1)
    gateway.resume()
    await gateway.waitFor(sent)
    assert.equal(gateway.received.length, sent)
  })
})

test('pauses and resumes connections, present and future', async () => {
  await withGateway({}, async ({ gateway, connect, connectFeedback }) => {
    const present = await connect()
    present.write(itemsFrame())
    await gateway.waitFor(1)
    gateway.pause()
    const future = await connect()
    await gateway.waitFor(() => gateway.counts().connections === 2)
    for (const client of [present, future]) client.write(itemsFrame())
    // A whole connection later, what was written before would have been read.
    await (await connectFeedback()).ended()
    assert.equal(gateway.received.length, 1)
    gateway.resume()
    await gateway.waitFor(3)
  })
})

test('reads slowly', async () => {
  const frame = itemsFrame()
  await withGateway({ rules: [{ bytesPerSecond: 20 * frame.length }] }, async ({ gateway, connect }) => {
    const client = await connect()
    const start = performance.now()
    for (let count = 1; count <= 3; count++) {
      client.write(frame)
      await gateway.waitFor(count)
    }
    // Two rests of 50 ms, and timers may be a little early.
    assert.ok(performance.now() - start >= 95)
  })
})

test('a client that does not close after the error response is cut', async () => {
  await withGateway({ rules: [{ status: 8 }] }, async ({ gateway, connect }) => {
    const client = await connect({ allowHalfOpen: true } as ConnectionOptions)
    client.write(itemsFrame())
    await once(client.socket, 'end')
    await gateway.waitFor(() => gateway.counts().openConnections === 0)
    assert.equal(client.pieces.length, 1)
  })
})

test('a certificate of the authority is required, by either service', async () => {
  for (const maxTlsVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const foreign = await startGateway()
    await withGateway({ maxTlsVersion }, async ({ gateway }) => {
      const day = 86_400_000
      const certificates = {
        none: { cert: undefined, key: undefined },
        'of another authority': foreign.clientCertificate({ topics: [TOPIC] }),
        'for the other environment': gateway.clientCertificate({
          topics: [TOPIC],
          environments: ['sandbox'],
        }),
        expired: gateway.clientCertificate({
          ...{ topics: [TOPIC], notBefore: new Date(Date.now() - 2 * day) },
          notAfter: new Date(Date.now() - day),
        }),
      }
      let refused = 0
      for (const port of [gateway.port, gateway.feedbackPort]) {
        for (const [what, { cert, key }] of Object.entries(certificates)) {
          gateway.addFeedback(token(1))
          const { host, ca } = gateway
          const client = new GatewayClient(tls.connect({ host, port, ca, cert, key }))
          client.write(itemsFrame())
          assert.equal((await client.ended()).length, 0, what)
          refused += 1
          await gateway.waitFor(() => gateway.counts().refusedConnections === refused)
        }
      }
      const { connections, feedbackConnections } = gateway.counts()
      assert.deepEqual([connections, feedbackConnections, gateway.received.length], [0, 0, 0])
      assert.deepEqual(gateway.feedback, [token(1)])
    })
    await foreign.close()
  }
})
