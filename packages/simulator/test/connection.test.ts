import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import { test } from 'node:test'
import tls from 'node:tls'
import { type Simulator, type SimulatorOptions, startSimulator } from '@apns-worker/simulator'
import { Provider, providerToken, type Reply, TOKEN, TOPIC, withSimulator } from './support/provider.js'
import { RawClient, TYPE } from './support/raw-client.js'

test('goAway lets open streams finish, then closes', async () => {
  await withSimulator({ rules: [{ token: 'aa', delay: 0.05 }] }, async ({ apns, connect }) => {
    const provider = await connect()
    await provider.send('00')
    const pending = [provider.send('aa'), provider.send('aa')]
    await apns.waitFor(3)
    apns.goAway({ reason: 'Shutdown' })
    const replies = await Promise.all(pending)
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200, 200],
    )
    await provider.closed()
    assert.deepEqual(provider.goAways, [{ code: 0, lastStreamId: 5, debugData: '{"reason":"Shutdown"}' }])
    await apns.waitFor(() => apns.counts().openConnections === 0)
  })
})

test('goAway abandons streams above the last one', async () => {
  await withSimulator({ rules: [{ token: 'aa', delay: 0.05 }] }, async ({ apns, connect }) => {
    const provider = await connect()
    await provider.send('00')
    const pending = [provider.send('aa'), provider.send('aa')]
    await apns.waitFor(3)
    apns.goAway({ lastStreamId: 3, code: 'ENHANCE_YOUR_CALM' })
    assert.equal((await pending[1])?.status, undefined)
    await provider.closed()
    assert.deepEqual(provider.goAways, [{ code: 11, lastStreamId: 3, debugData: '' }])
    await apns.waitFor(() => apns.counts().openConnections === 0)
    assert.equal(apns.received[2]?.status, undefined)
  })
})

test('no GOAWAY raises the last stream again', async () => {
  await withSimulator({ rules: [{ token: 'aa', delay: 0.05 }] }, async ({ apns, connect }) => {
    const provider = await connect()
    await provider.send('00')
    const pending = [provider.send('aa'), provider.send('aa')]
    await apns.waitFor(3)
    apns.goAway({ lastStreamId: 3 })
    apns.goAway({ lastStreamId: 5 })
    assert.equal((await pending[0])?.status, 200)
    await provider.closed()
    assert.deepEqual(
      provider.goAways.map(({ lastStreamId }) => lastStreamId),
      [3, 3],
    )
    assert.equal(apns.received[2]?.status, undefined)
  })
})

test('a rule sends GOAWAY and answers the notification, or does not', async () => {
  const rules = [
    { token: 'aa', goAway: { reason: 'Shutdown' } },
    { token: 'bb', goAway: { lastStreamId: 'answered' } },
  ] as const
  await withSimulator({ rules }, async ({ connect }) => {
    for (const [token, lastStreamId, status] of [
      ['aa', 3, 200],
      ['bb', 1, undefined],
    ] as const) {
      const provider = await connect()
      await provider.send('00')
      assert.equal((await provider.send(token)).status, status)
      await provider.closed()
      assert.equal(provider.goAways[0]?.lastStreamId, lastStreamId)
    }
  })
})

test('disconnect cuts every connection, and a new one works', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const providers = [await connect(), await connect()]
    await Promise.all(providers.map((provider) => provider.send()))
    apns.disconnect()
    await Promise.all(providers.map((provider) => provider.closed()))
    assert.equal((await (await connect()).send()).status, 200)
    assert.deepEqual(new Set(apns.received.map(({ connection }) => connection)), new Set([1, 2, 3]))
  })
})

test('an idle connection is told so and closed', async () => {
  await withSimulator({ idleTimeout: 0.05 }, async ({ connect }) => {
    const provider = await connect()
    await provider.closed()
    assert.equal(provider.goAways[0]?.debugData, '{"reason":"IdleTimeout"}')
  })
})

test('a connection that waits for an answer is not idle', async () => {
  let provider: Provider | undefined
  let goAwaysBefore = 0
  const options = {
    idleTimeout: 0.05,
    rules: [{ token: 'aa', delay: 0.2 }],
    onNotification: () => {
      goAwaysBefore = provider?.goAways.length ?? 0
    },
  }
  await withSimulator(options, async ({ apns, connect }) => {
    let reply: Reply | undefined
    // On a busy machine it may have been idle for too long before the request comes, and takes none any more.
    while (apns.received.length === 0) {
      const connected = await connect()
      provider = connected
      reply = await (async () => connected.send('aa'))().catch(() => undefined)
    }
    assert.equal(reply?.status, 200)
    assert.equal(goAwaysBefore, 0)
    await provider?.closed()
    assert.equal(provider?.goAways[0]?.debugData, '{"reason":"IdleTimeout"}')
  })
})

test('latency comes before every answer', async () => {
  await withSimulator({ latency: 0.05 }, async ({ connect }) => {
    const provider = await connect()
    const start = performance.now()
    await provider.send('zz')
    await provider.send()
    // Timers may be a little early.
    assert.ok(performance.now() - start >= 95)
  })
})

test('records what was received', async () => {
  const at = Date.UTC(2026, 0, 1)
  await withSimulator({ now: () => at }, async ({ apns, connect }) => {
    const id = '123e4567-e89b-42d3-a456-426614174000'
    const provider = await connect()
    const headers = {
      'apns-priority': '5',
      'apns-expiration': '1790000000',
      'apns-collapse-id': 'c',
      'apns-id': id,
    }
    await provider.send(TOKEN, headers, '{"aps":{"badge":1}}')
    await provider.send('zz', {}, 'no JSON')
    const [first, second] = apns.received
    assert.deepEqual(JSON.parse(JSON.stringify(first)), {
      token: TOKEN,
      topic: 'com.example.app',
      pushType: 'alert',
      priority: 5,
      expiration: 1_790_000_000,
      collapseId: 'c',
      id,
      answeredId: id,
      status: 200,
      connection: 1,
      streamId: 1,
      index: 1,
      authentication: 'token',
      authority: `127.0.0.1:${apns.port}`,
      at,
      payload: { aps: { badge: 1 } },
    })
    assert.equal(first?.headers.get('apns-topic'), 'com.example.app')
    assert.equal(second?.payload, undefined)
    assert.equal(second?.body.toString(), 'no JSON')
    assert.equal(second?.reason, 'BadDeviceToken')
  })
})

test('keeps the latest notifications, all of them, or none', async () => {
  for (const [record, kept] of [
    [10, 10],
    [true, 25],
    [false, 0],
  ] as const) {
    await withSimulator({ record }, async ({ apns, connect }) => {
      const provider = await connect()
      for (let index = 0; index < 25; index++) await provider.send(index.toString(16).padStart(2, '0'))
      assert.equal(apns.received.length, kept)
      assert.equal(apns.received.at(-1)?.token, kept === 0 ? undefined : '18')
      assert.equal(apns.counts().received, 25)
    })
  }
})

test('waitFor gives up with the counts, on errors, and when the simulator closes', async () => {
  await withSimulator({}, async ({ apns }) => {
    await apns.waitFor(0)
    await assert.rejects(apns.waitFor(1, { timeout: 0.01 }), /not met within 0.01 s; .*"received":0/)
    const failing = apns.waitFor(() => {
      throw new Error('broken predicate')
    })
    await assert.rejects(failing, /broken predicate/)
    const abandoned = assert.rejects(apns.waitFor(1), /closed/)
    await apns.close()
    await abandoned
  })
})

/** A simulator on a port that the system gives to nobody who does not ask for it by number. */
async function startOnFixedPort(options: SimulatorOptions): Promise<Simulator> {
  for (;;) {
    try {
      return await startSimulator({ ...options, port: 20_000 + Math.floor(Math.random() * 10_000) })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    }
  }
}

test('close ends everything, may be repeated, and frees the port', async () => {
  await using apns = await startOnFixedPort({ rules: [{ silent: true }] })
  const session = http2.connect(`https://${apns.host}:${apns.port}`, { ca: apns.ca })
  const provider = new Provider(session, {
    authorization: `bearer ${providerToken(apns.credentials)}`,
    'apns-topic': TOPIC,
  })
  const pending = provider.send()
  await apns.waitFor(1)
  await Promise.all([apns.close(), apns.close()])
  assert.equal((await pending).status, undefined)
  await provider.closed()
  await using again = await startSimulator({ port: apns.port })
  assert.equal(again.port, apns.port)
  await assert.rejects(startSimulator({ port: apns.port }), /EADDRINUSE/)
})

test('speaks HTTP/2 over TLS 1.2 and 1.3 only', async () => {
  await withSimulator({}, async ({ apns }) => {
    const { host, port, ca } = apns
    const outcome = async (options: tls.ConnectionOptions): Promise<string> => {
      const socket = tls.connect({ host, port, ca, ALPNProtocols: ['h2'], ...options })
      const failed = once(socket, 'error').then(([error]: unknown[]) =>
        error instanceof Error ? error.message : '',
      )
      const secure = once(socket, 'secureConnect').then(() => socket.getProtocol() ?? '')
      secure.catch(() => undefined)
      failed.catch(() => undefined)
      const result = await Promise.race([failed, secure])
      socket.destroy()
      return result
    }
    assert.equal(await outcome({ maxVersion: 'TLSv1.2' }), 'TLSv1.2')
    assert.equal(await outcome({ minVersion: 'TLSv1.3' }), 'TLSv1.3')
    assert.match(await outcome({ ALPNProtocols: ['http/1.1'] }), /alert|protocol/)
    assert.match(await outcome({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }), /./)
    const withoutAlpn = tls.connect({ host, port, ca })
    withoutAlpn.resume()
    await once(withoutAlpn, 'close')
    assert.equal(apns.counts().connections <= 2, true)
  })
})

test('the certificate is for localhost and its addresses, and only its own authority vouches for it', async () => {
  await withSimulator({ host: '::1' }, async ({ apns }) => {
    const session = http2.connect(`https://localhost:${apns.port}`, { ca: apns.ca, host: '::1' })
    await once(session, 'connect')
    session.destroy()
    const stranger = http2.connect(`https://[::1]:${apns.port}`)
    const [error] = (await once(stranger, 'error')) as [Error]
    assert.match(error.message, /certificate/)
  })
})

test('says where it is, in the form of an environment', async () => {
  await using apns = await startSimulator()
  assert.deepEqual(apns.environment, {
    host: '127.0.0.1',
    port: apns.port,
    channelPort: apns.channelPort,
    ca: apns.ca,
  })
})

test('a client that Node gives up is let go', async () => {
  await withSimulator({ journal: true, rules: [{ silent: true }] }, async ({ apns }) => {
    const client = await RawClient.connect(apns)
    await client.until(() => client.streamLimits().length > 0)
    // More resets than nghttp2 takes for well-meant; it sends GOAWAY, and stops to read.
    const headers = {
      ':method': 'POST',
      ':scheme': 'https',
      ':path': '/3/device/aa',
      ':authority': 'localhost',
    }
    for (let count = 0; count < 3000; count++) {
      const streamId = client.request(headers)
      client.write({ type: TYPE.resetStream, flags: 0, streamId, payload: Buffer.from([0, 0, 0, 8]) })
    }
    await new Promise((resolve) => client.socket.once('close', resolve))
    await apns.waitFor(() => apns.counts().openConnections === 0)
    assert.equal(apns.journal?.connections.at(-1)?.why, 'HTTP/2 error')
  })
})

test('a connection that is going away can still be reset', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const provider = await connect()
    await provider.send()
    // Its shutdown is under way by then, which the system takes for a reason not to reset it.
    apns.goAway()
    apns.disconnect('reset')
    await provider.closed()
    await apns.waitFor(() => apns.counts().openConnections === 0)
  })
})
