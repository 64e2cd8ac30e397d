import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Simulator } from '@apns-worker/simulator'
import { providerToken, TOKEN, TOPIC, withSimulator } from './support/provider.js'
import { endsStream, RawClient, TYPE } from './support/raw-client.js'

const REFUSED_STREAM = 7
const WINDOW = 1000

function requestHeaders(apns: Simulator, token = TOKEN): Record<string, string> {
  return {
    ':method': 'POST',
    ':scheme': 'https',
    ':path': `/3/device/${token}`,
    ':authority': 'localhost',
    authorization: `bearer ${providerToken(apns.credentials)}`,
    'apns-topic': TOPIC,
  }
}

/** A client that has authenticated and knows of the full limit. */
async function authenticated(apns: Simulator, headers: Record<string, string>): Promise<RawClient> {
  const client = await RawClient.connect(apns)
  await client.until(() => client.streamLimits().length > 0)
  const first = client.request(headers)
  await client.until((frames) => frames.some((frame) => frame.streamId === first && endsStream(frame)))
  await client.until(() => client.streamLimits().length > 1)
  return client
}

function reset(client: RawClient): { streamId: number; code: number }[] {
  return client.frames
    .filter(({ type }) => type === TYPE.resetStream)
    .map(({ streamId, payload }) => ({ streamId, code: payload.readUInt32BE(0) }))
}

test('sends the settings that were seen of the service', async () => {
  await withSimulator({}, async ({ apns }) => {
    const client = await authenticated(apns, requestHeaders(apns))
    const [first, second] = client.settings()
    const common = [
      [1, 4096],
      [4, 65_535],
      [5, 16_384],
      [6, 8000],
    ]
    const withoutLimit = (first ?? []).filter(([identifier]) => identifier !== 3)
    assert.deepEqual(
      withoutLimit.sort(([one], [other]) => one - other),
      common,
    )
    assert.deepEqual(second, [[3, 1000]])
    assert.deepEqual(client.streamLimits(), [1, 1000])
    client.socket.destroy()
  })
})

test('the limit is one until a provider token was accepted, and full at once with a certificate', async () => {
  await withSimulator({ streamLimit: 700 }, async ({ apns, connect, connectBare }) => {
    const provider = await connect()
    await provider.send(TOKEN, { authorization: 'bearer nonsense' })
    assert.deepEqual(
      provider.settings.map((settings) => settings.maxConcurrentStreams),
      [1],
    )
    await provider.send('zz')
    assert.equal(
      provider.session.remoteSettings.maxConcurrentStreams,
      700,
      'a bad device token has a good sender',
    )

    const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
    const certified = await connectBare({ cert, key })
    assert.equal(certified.session.remoteSettings.maxConcurrentStreams, 700)
  })
})

test('a client that always has the whole window open is never refused', async (context) => {
  const total = 20_000
  const latency = 0.005
  await withSimulator({ record: 10, latency }, async ({ apns }) => {
    const headers = requestHeaders(apns)
    const client = await authenticated(apns, headers)
    // The first window is held back until all of it has arrived; after that answers take as long as a fast network.
    context.mock.timers.enable({ apis: ['setTimeout'] })
    let sent = 0
    let answered = 0
    let broken = false
    const next = (): void => {
      if (sent >= total) return
      sent += 1
      client.request(headers)
    }
    // The next stream opens in the very turn in which a response is read: the earliest moment that is allowed.
    client.onFrame = (frame) => {
      broken ||= frame.type === TYPE.goAway || frame.type === TYPE.resetStream
      if (!endsStream(frame)) return
      answered += 1
      next()
    }
    for (let open = 0; open < WINDOW; open++) next()
    await apns.waitFor((server) => server.counts().received === 1 + WINDOW)
    context.mock.timers.tick(latency * 1000)
    context.mock.timers.reset()
    await client.until(() => answered >= total || broken)
    assert.deepEqual(reset(client), [])
    const { accepted, maxOpenStreams, streamLimitViolations } = apns.counts()
    assert.deepEqual([accepted, maxOpenStreams, streamLimitViolations], [total + 1, WINDOW, 0])
    client.socket.destroy()
  })
})

test('a client that has not seen the settings yet is not held to them', async () => {
  await withSimulator({}, async ({ apns }) => {
    const client = await RawClient.connect(apns)
    const headers = requestHeaders(apns)
    const ids = Array.from({ length: 100 }, () => client.request(headers))
    await client.until((frames) => frames.filter(endsStream).length === ids.length)
    assert.deepEqual(reset(client), [])
    assert.equal(apns.counts().accepted, ids.length)
    client.socket.destroy()
  })
})

test('streams that were reset make room', async () => {
  await withSimulator({ rules: [{ tokenPrefix: 'dd', silent: true }] }, async ({ apns }) => {
    const client = await authenticated(apns, requestHeaders(apns))
    const silent = requestHeaders(apns, 'dd')
    const window = Array.from({ length: WINDOW }, () => client.requestFrames(silent)).flat()
    client.write(...window)
    const cancel = window
      .filter(({ type }) => type === TYPE.headers)
      .map(({ streamId }) => ({ type: TYPE.resetStream, flags: 0, streamId, payload: Buffer.of(0, 0, 0, 8) }))
    client.write(...cancel, ...client.requestFrames(requestHeaders(apns)))
    await client.until((frames) => frames.filter(endsStream).length === 2)
    assert.equal(apns.counts().streamLimitViolations, 0)
    client.socket.destroy()
  })
})

test('a stream too many is refused', async () => {
  const options = { streamLimit: 3, rules: [{ tokenPrefix: 'dd', silent: true as const }] }
  await withSimulator(options, async ({ apns }) => {
    const client = await authenticated(apns, requestHeaders(apns))
    const silent = requestHeaders(apns, 'dd')
    const ids = [1, 2, 3, 4, 5].map(() => client.request(silent))
    await client.until(() => reset(client).length === 2)
    assert.deepEqual(
      reset(client),
      ids.slice(3).map((streamId) => ({ streamId, code: REFUSED_STREAM })),
    )
    await apns.waitFor(4)
    assert.equal(apns.counts().streamLimitViolations, 2)
    assert.equal(apns.counts().openStreams, 3)
    client.socket.destroy()
  })
})

test('a stream too many can end the connection instead', async () => {
  const options = {
    streamLimit: 1,
    onStreamLimitViolation: 'goAway' as const,
    rules: [{ tokenPrefix: 'dd', silent: true as const }],
  }
  await withSimulator(options, async ({ apns, connect }) => {
    const client = await RawClient.connect(apns)
    await client.until(() => client.streamLimits().length > 0)
    client.request(requestHeaders(apns, 'dd'))
    client.request(requestHeaders(apns, 'dd'))
    await client.until((frames) => frames.some(({ type }) => type === TYPE.goAway))
    const goAway = client.frames.find(({ type }) => type === TYPE.goAway)
    assert.match(goAway?.payload.toString('utf8', 8) ?? '', /Maximum active streams violated/)
    assert.equal((await (await connect()).send()).status, 200)
  })
})

test('a lower limit binds only after it was acknowledged', async () => {
  const options = { streamLimit: 5, rules: [{ tokenPrefix: 'dd', silent: true as const }] }
  await withSimulator(options, async ({ apns }) => {
    const client = await authenticated(apns, requestHeaders(apns))
    client.acknowledges = false
    apns.setStreamLimit(1)
    await client.until(() => client.streamLimits().length === 3)
    const silent = requestHeaders(apns, 'dd')
    for (let stream = 0; stream < 4; stream++) client.request(silent)
    client.acknowledge()
    const refused = client.request(silent)
    await client.until(() => reset(client).length > 0)
    assert.deepEqual(reset(client), [{ streamId: refused, code: REFUSED_STREAM }])
    assert.deepEqual(client.streamLimits(), [1, 5, 1])
    client.socket.destroy()
  })
})

test('refusals shrink the limit until the next success, 410 does not', async () => {
  const rules = [{ tokenPrefix: 'dd', unregistered: true as const }]
  await withSimulator({ shrinkOnRefusal: true, rules }, async ({ connect }) => {
    const provider = await connect()
    const limit = (): number | undefined => provider.session.remoteSettings.maxConcurrentStreams
    const until = async (expected: number): Promise<void> => {
      while (limit() !== expected)
        await new Promise((resolve) => provider.session.once('remoteSettings', resolve))
    }
    await provider.send()
    assert.equal(limit(), 1000)
    await provider.send('zz')
    await until(1)
    await provider.send()
    await until(1000)
    assert.equal((await provider.send('dd')).status, 410)
    assert.equal((await provider.send()).status, 200)
    assert.equal(
      provider.settings.length,
      4,
      JSON.stringify(provider.settings.map(({ maxConcurrentStreams }) => maxConcurrentStreams)),
    )
  })
})

test('setStreamLimit and the options refuse what is no limit', async () => {
  await withSimulator({}, async ({ apns }) => {
    for (const limit of [-1, 1.5, Number.NaN, 2 ** 31]) {
      assert.throws(() => apns.setStreamLimit(limit), /setStreamLimit/)
    }
  })
  await assert.rejects(
    withSimulator({ streamLimit: -1 }, async () => undefined),
    /streamLimit/,
  )
  await assert.rejects(
    withSimulator({ latency: -1 }, async () => undefined),
    /latency/,
  )
})
