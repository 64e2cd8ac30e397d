/** What can be scripted for single notifications besides answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rule } from '@apns-worker/simulator'
import { providerToken, TOKEN, TOPIC, withSimulator } from './support/provider.js'
import { RawClient, TYPE } from './support/raw-client.js'

const MAX_STREAM_ID = 2 ** 31 - 1

function requestHeaders(apns: Parameters<typeof providerToken>[0]): Record<string, string> {
  return {
    ':method': 'POST',
    ':scheme': 'https',
    ':path': `/3/device/${TOKEN}`,
    ':authority': 'localhost',
    authorization: `bearer ${providerToken(apns)}`,
    'apns-topic': TOPIC,
  }
}

test('a rule waits for its position, its connection, and those that it passes over', async () => {
  const cases: readonly [match: Rule, refused: readonly number[]][] = [
    [{ nth: 2 }, [2]],
    [{ nth: [1, 4] }, [1, 4]],
    [{ after: 3 }, [4, 5]],
    [{ after: 1, times: 2 }, [2, 3]],
    [{ connection: [9, 10] }, []],
    [{ chance: 1 }, [1, 2, 3, 4, 5]],
    [{ chance: 0 }, []],
  ]
  for (const [match, refused] of cases) {
    await withSimulator({ rules: [{ ...match, status: 503 }] }, async ({ connect }) => {
      const provider = await connect()
      const statuses: (number | undefined)[] = []
      for (let sent = 0; sent < 5; sent++) statuses.push((await provider.send()).status)
      assert.deepEqual(
        statuses.flatMap((status, index) => (status === 503 ? [index + 1] : [])),
        refused,
        JSON.stringify(match),
      )
    })
  }
})

test('positions are counted on each connection', async () => {
  await withSimulator({ rules: [{ connection: 2, nth: 2, status: 503 }] }, async ({ connect }) => {
    const [first, second] = [await connect(), await connect()]
    const sent = [await first.send(), await first.send(), await second.send(), await second.send()]
    assert.deepEqual(
      sent.map(({ status }) => status),
      [200, 200, 200, 503],
    )
  })
})

test('a chance falls on the same notifications for the same seed', async () => {
  const run = async (seed: number): Promise<string> => {
    const statuses: (number | undefined)[] = []
    await withSimulator({ seed, rules: [{ chance: 0.3, status: 503 }] }, async ({ connect }) => {
      const provider = await connect()
      for (let sent = 0; sent < 40; sent++) statuses.push((await provider.send()).status)
    })
    return statuses.join()
  }
  const once = await run(1)
  assert.ok(once.includes('503') && once.includes('200'))
  assert.equal(await run(1), once)
  assert.notEqual(await run(2), once)
})

test('a rule has its hours', async () => {
  const rules: Rule[] = [
    { from: 1000, status: 500 },
    { until: 0, status: 501 },
    { from: 0, until: 1000, every: 2000, times: 1, status: 502 },
    { until: 1000, status: 503 },
  ]
  await withSimulator({ rules }, async ({ connect }) => {
    const provider = await connect()
    assert.equal((await provider.send()).status, 502)
    assert.equal((await provider.send()).status, 503)
  })
})

test('a device token of the other environment is bad', async () => {
  const rules: Rule[] = [
    { tokenPrefix: 'aa', tokenOf: 'sandbox' },
    { tokenPrefix: 'bb', tokenOf: 'production' },
  ]
  for (const [environment, bad] of [
    ['production', 'aa'],
    ['sandbox', 'bb'],
  ] as const) {
    await withSimulator({ environment, rules }, async ({ connect }) => {
      const provider = await connect()
      for (const token of ['aa11', 'bb11']) {
        const { reason } = await provider.send(token)
        assert.equal(reason, token.startsWith(bad) ? 'BadDeviceToken' : undefined)
      }
    })
  }
})

test('a body goes out in as many DATA frames as wanted', async () => {
  const rules: Rule[] = [{ status: 502, body: '<html>broken</html>', split: 5 }]
  await withSimulator({ rules }, async ({ apns, connect }) => {
    assert.equal((await (await connect()).send()).body, '<html>broken</html>')
    const client = await RawClient.connect(apns)
    await client.until(() => client.streamLimits().length > 0)
    client.request(requestHeaders(apns.credentials))
    const data = (): string[] =>
      client.frames.filter(({ type }) => type === TYPE.data).map(({ payload }) => payload.toString())
    await client.until(() => data().join('') === '<html>broken</html>')
    assert.deepEqual(
      data().filter((piece) => piece !== ''),
      ['<html', '>brok', 'en</h', 'tml>'],
    )
    client.socket.destroy()
  })
})

test('several GOAWAYs follow each other, with whatever debug data', async () => {
  const goAway = [
    { lastStreamId: MAX_STREAM_ID, reason: 'Shutdown' },
    { lastStreamId: 'received', code: 'ENHANCE_YOUR_CALM', debugData: '{"reason":', after: 0.01 },
  ] as const
  await withSimulator({ rules: [{ nth: 2, goAway }] }, async ({ apns }) => {
    const client = await RawClient.connect(apns)
    await client.until(() => client.streamLimits().length > 0)
    client.request(requestHeaders(apns.credentials))
    await client.until(() => client.streamLimits().length > 1)
    client.request(requestHeaders(apns.credentials))
    await new Promise((resolve) => client.socket.once('close', resolve))
    const seen = client.frames
      .filter(({ type }) => type === TYPE.goAway)
      .map(({ payload }) => [
        payload.readUInt32BE(0),
        payload.readUInt32BE(4),
        payload.subarray(8).toString(),
      ])
    assert.deepEqual(seen, [
      [MAX_STREAM_ID, 0, '{"reason":"Shutdown"}'],
      [3, 11, '{"reason":'],
    ])
    assert.equal(apns.counts().accepted, 2)
  })
})

test('a connection falls silent in the middle, and may come to an end later', async () => {
  for (const rule of [{ blackHole: true }, { blackHole: true, for: 0.02 }] as const) {
    await withSimulator({ rules: [{ nth: 3, ...rule }] }, async ({ apns, connect }) => {
      const provider = await connect()
      assert.equal((await provider.send()).status, 200)
      assert.equal((await provider.send()).status, 200)
      let answers = 0
      for (let sent = 0; sent < 3; sent++) void provider.send().then(({ status }) => (answers += status ?? 0))
      await apns.waitFor(() => apns.received.length >= 3 && apns.counts().openConnections === 0)
      // It is still there for the client, whose PING is not answered either.
      let pongs = 0
      if (!('for' in rule)) provider.session.ping(() => (pongs += 1))
      assert.equal((await (await connect()).send()).status, 200)
      if ('for' in rule) await provider.closed()
      else assert.equal(provider.session.destroyed, false)
      assert.deepEqual([answers, pongs], [0, 0])
    })
  }
})

test('a wedged connection refuses everything, and no other does', async () => {
  await withSimulator({ rules: [{ nth: 2, wedge: true }] }, async ({ connect }) => {
    const [wedged, other] = [await connect(), await connect()]
    const reasons: (string | undefined)[] = []
    for (let sent = 0; sent < 4; sent++) reasons.push((await wedged.send()).reason)
    const refused = 'TooManyProviderTokenUpdates'
    assert.deepEqual(reasons, [undefined, refused, refused, refused])
    assert.equal((await other.send()).status, 200)
  })
})

test('too many provider tokens wedge the connection where that is wanted', async () => {
  for (const wedgeOnTokenUpdates of [true, false]) {
    await withSimulator({ wedgeOnTokenUpdates }, async ({ apns, connect }) => {
      const provider = await connect()
      const tokens = [1, 2, 3].map((age) =>
        providerToken(apns.credentials, { iat: Math.floor(Date.now() / 1000) - age }),
      )
      const reasons: (string | undefined)[] = []
      for (const token of [...tokens, tokens[1]]) {
        reasons.push((await provider.send(TOKEN, { authorization: `bearer ${token}` })).reason)
      }
      const refused = 'TooManyProviderTokenUpdates'
      assert.deepEqual(reasons, [undefined, undefined, refused, wedgeOnTokenUpdates ? refused : undefined])
    })
  }
})

test('the stream limit of one connection changes, for good or for a time', async () => {
  const rules: Rule[] = [
    { nth: 2, streamLimit: 0, for: 0.01 },
    { nth: 3, streamLimit: 7 },
  ]
  await withSimulator({ rules }, async ({ connect }) => {
    const provider = await connect()
    const limits = (): (number | undefined)[] =>
      provider.settings.map(({ maxConcurrentStreams }) => maxConcurrentStreams)
    const reached = async (limit: number): Promise<void> => {
      while (limits().at(-1) !== limit) {
        await new Promise((resolve) => provider.session.once('remoteSettings', resolve))
      }
    }
    await provider.send()
    await reached(1000)
    const second = provider.send()
    await reached(0)
    assert.equal((await second).status, 200)
    await reached(1000)
    await provider.send()
    await reached(7)
    assert.deepEqual(limits(), [1, 1000, 0, 1000, 7])
  })
})

test('a connection is cut in several ways', async () => {
  for (const disconnect of [true, 'close', 'reset', 'halfClose'] as const) {
    await withSimulator({ rules: [{ nth: 2, disconnect }] }, async ({ apns }) => {
      const client = await RawClient.connect(apns)
      const errors: unknown[] = []
      let ended = false
      client.socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
      client.socket.on('end', () => {
        ended = true
      })
      await client.until(() => client.streamLimits().length > 0)
      client.request(requestHeaders(apns.credentials))
      await client.until(() => client.streamLimits().length > 1)
      client.request(requestHeaders(apns.credentials))
      await new Promise((resolve) => client.socket.once('close', resolve))
      assert.equal(ended, disconnect !== 'reset', String(disconnect))
      assert.deepEqual(errors, disconnect === 'reset' ? ['ECONNRESET'] : [])
    })
  }
})
