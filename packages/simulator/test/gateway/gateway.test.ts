import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import tls from 'node:tls'
import { type GatewayOptions, startGateway, startSimulator } from '@apns-worker/simulator'
import { GatewayClient, itemsFrame, TOPIC, token, withGateway } from './gateway-client.js'

test('says where it is, in the form of an environment', async () => {
  await withGateway({}, async ({ gateway }) => {
    const { host, port, feedbackPort, ca } = gateway
    assert.deepEqual(gateway.environment, { host, port, feedbackPort, ca })
    assert.equal(host, '127.0.0.1')
    assert.ok(port > 0 && feedbackPort > 0 && port !== feedbackPort)
  })
})

test('takes certificates from PKCS#12 files', async () => {
  await withGateway({}, async ({ gateway }) => {
    const { pfx, passphrase } = gateway.clientCertificate({ topics: [TOPIC], passphrase: 'secret' })
    const { host, port, ca } = gateway
    const client = new GatewayClient(tls.connect({ host, port, ca, pfx, passphrase }))
    client.write(itemsFrame())
    await gateway.waitFor(1)
    client.socket.destroy()
  })
})

test('is a port of the simulator, with the same certificates, on request', async () => {
  await using without = await startSimulator()
  assert.equal(without.gateway, undefined)
  const rules = [{ token: token(8), status: 8 }]
  await using apns = await startSimulator({ environment: 'sandbox', gateway: { rules } })
  assert.ok(apns.gateway)
  const { host, port, ca } = apns.gateway
  assert.equal(ca, apns.ca)
  const certificate = apns.clientCertificate({ topics: [TOPIC], environments: ['sandbox'] })
  const client = new GatewayClient(
    tls.connect({ host, port, ca, cert: certificate.cert, key: certificate.key }),
  )
  client.write(itemsFrame({ token: token(8), ident: 3 }))
  assert.deepEqual(await client.response(), { status: 8, ident: 3 })
  const { gateway } = apns
  await apns.close()
  assert.deepEqual([gateway.counts().rejected, gateway.counts().openConnections], [1, 0])
  await using plain = await startSimulator({ gateway: true })
  assert.ok(plain.gateway)
})

test('tells of each notification, and keeps as many as it is told', async () => {
  const lines: unknown[] = []
  const options: GatewayOptions = {
    record: 10,
    rules: [{ nth: 26, status: 8 }],
    onNotification: (notification) => lines.push(JSON.parse(JSON.stringify(notification))),
  }
  await withGateway(options, async ({ gateway, connect }) => {
    const client = await connect()
    client.write(...Array.from({ length: 27 }, (_, index) => itemsFrame({ ident: index + 1 })))
    assert.deepEqual(await client.response(), { status: 8, ident: 26 })
    assert.deepEqual(
      gateway.received.map(({ ident }) => ident),
      [16, 17, 18, 19, 20, 21, 22, 23, 24, 25],
    )
    const { accepted, rejected, discarded } = gateway.counts()
    assert.deepEqual([accepted, rejected, discarded, lines.length], [25, 1, 1, 27])
    const { at, ...last } = lines[25] as Record<string, unknown>
    assert.equal(typeof at, 'number')
    assert.deepEqual(last, {
      ...{ token: token(1), ident: 26, command: 2, connection: 1, index: 26, fate: 'rejected', status: 8 },
      payload: { aps: { alert: 'hello' } },
    })
  })
  await withGateway({ record: false }, async ({ gateway, connect }) => {
    const client = await connect()
    client.write(itemsFrame())
    await gateway.waitFor(1)
    assert.equal(gateway.received.length, 0)
  })
})

test('options that make no sense are refused', async () => {
  const wrong: [options: object, message: RegExp][] = [
    [{ formats: ['items', 'other'] }, /^formats: "other"/],
    [{ payloadLimits: { items: 65_536 } }, /^payloadLimits.items: 65536/],
    [{ payloadLimits: { simple: 0 } }, /^payloadLimits.simple: 0/],
    [{ tokenBytes: { max: 1.5 } }, /^tokenBytes.max: 1.5/],
    [{ chunkBytes: 0 }, /^chunkBytes: 0/],
    [{ rules: [{}] }, /^rule:/],
  ]
  for (const [options, message] of wrong) {
    await assert.rejects(startGateway(options), { name: 'TypeError', message })
  }
})

test('a port that is taken is an error, and nothing stays open', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  assert.ok(typeof address === 'object' && address !== null)
  const { port } = address
  try {
    await assert.rejects(startGateway({ port }), { code: 'EADDRINUSE' })
    await assert.rejects(startGateway({ feedbackPort: port }), { code: 'EADDRINUSE' })
    await assert.rejects(startSimulator({ gateway: { feedbackPort: port } }), { code: 'EADDRINUSE' })
  } finally {
    taken.close()
  }
})

test('close cuts every connection and ends every wait; it may be called again', async () => {
  await withGateway({ rules: [{ status: 8, delay: 1000 }] }, async ({ gateway, connect }) => {
    const idle = await connect()
    const delayed = await connect()
    delayed.write(itemsFrame())
    const handshaking = tls.connect({ host: gateway.host, port: gateway.port, ca: gateway.ca })
    const third = new GatewayClient(handshaking)
    await gateway.waitFor(({ rejected }) => rejected.length === 1)
    const waiting = assert.rejects(gateway.waitFor(100), /the gateway was closed/)
    await assert.rejects(gateway.waitFor(100, { timeout: 0.01 }), /not met within 0.01 s; \{"accepted":0/)
    await gateway.close()
    await Promise.all([waiting, idle.ended(), delayed.ended(), third.ended(), gateway.close()])
    assert.equal(gateway.counts().openConnections, 0)
    await assert.rejects(connect(), { code: 'ECONNREFUSED' })
  })
})
