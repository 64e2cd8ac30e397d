/** What can be scripted for connections, whatever they carry. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import tls, { type TLSSocket } from 'node:tls'
import type { ConnectionRule, Simulator, SimulatorOptions } from '@apns-worker/simulator'
import { type Provider, providerToken, TOKEN, TOPIC, withSimulator } from './support/provider.js'
import { type Frame, RawClient, TYPE } from './support/raw-client.js'

const WINDOW_UPDATE = 8
const LARGE_BODY = `{"aps":{"alert":"${'x'.repeat(4000)}"}}`

/** Runs a test against a simulator with these rules for connections. */
function withRules(
  connections: readonly ConnectionRule[],
  use: (lab: Parameters<Parameters<typeof withSimulator>[1]>[0]) => Promise<void>,
  options: SimulatorOptions = {},
): Promise<void> {
  return withSimulator({ ...options, connections }, use)
}

function requestHeaders(apns: Simulator): Record<string, string> {
  return {
    ':method': 'POST',
    ':scheme': 'https',
    ':path': `/3/device/${TOKEN}`,
    ':authority': 'localhost',
    authorization: `bearer ${providerToken(apns.credentials)}`,
    'apns-topic': TOPIC,
  }
}

/** Tries to get through the TLS handshake; the socket, or the error's code. */
async function handshake({ host, port, ca }: Simulator, patienceMs = 2000): Promise<TLSSocket | string> {
  const socket = tls.connect({ host, port, ca, ALPNProtocols: ['h2'] })
  const timer = setTimeout(() => socket.destroy(Object.assign(new Error(), { code: 'silence' })), patienceMs)
  try {
    await once(socket, 'secureConnect')
    return socket
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  } finally {
    clearTimeout(timer)
  }
}

test('a connection comes to nothing at each stage', async () => {
  const silentMs = 50
  await withRules(
    [
      { connection: 1, blackHole: true },
      { connection: 2, blackHole: 'tcp', for: 0.01 },
      { connection: 3, blackHole: 'tls' },
      { connection: 4, disconnect: 'reset' },
      { connection: 5, disconnect: true },
      { connection: 6, disconnect: 'halfClose' },
      { connection: 7, blackHole: 'settings' },
    ],
    async ({ apns, connect }) => {
      assert.equal(await handshake(apns, silentMs), 'silence')
      assert.equal(await handshake(apns), 'ECONNRESET')
      assert.equal(await handshake(apns, silentMs), 'silence')
      assert.equal(await handshake(apns), 'ECONNRESET')
      assert.equal(await handshake(apns), 'ECONNRESET')
      assert.equal(await handshake(apns), 'ECONNRESET')
      const socket = await handshake(apns)
      assert.ok(socket instanceof tls.TLSSocket)
      let heard = 0
      socket.on('data', () => (heard += 1))
      // The eighth is fine, and the seventh has heard nothing by then.
      assert.equal((await (await connect()).send()).status, 200)
      assert.equal(heard, 0)
      socket.destroy()
      assert.equal(apns.counts().connections, 1)
    },
  )
})

test('a black hole of the TCP kind reads nothing, one of the TLS kind takes the client hello', async () => {
  await withRules(
    [
      { connection: 1, blackHole: 'tcp' },
      { connection: 2, blackHole: 'tls' },
    ],
    async ({ apns }) => {
      const [deaf, mute] = [net.connect(apns.port, apns.host), net.connect(apns.port, apns.host)]
      await Promise.all([once(deaf, 'connect'), once(mute, 'connect')])
      const chunk = Buffer.alloc(1024 * 1024)
      const isTaken = async (socket: net.Socket): Promise<boolean> => {
        for (let written = 0; written < 32; written++) socket.write(chunk)
        return new Promise((resolve) => {
          socket.once('drain', () => resolve(true))
          setTimeout(() => resolve(false), 300)
        })
      }
      assert.deepEqual(await Promise.all([isTaken(deaf), isTaken(mute)]), [false, true])
      deaf.destroy()
      mute.destroy()
    },
  )
})

test('a connection is cut, or falls silent, at a byte that was received', async () => {
  const cases: readonly [action: Partial<ConnectionRule>, end: 'close' | 'ECONNRESET' | 'silence'][] = [
    [{ disconnect: true }, 'close'],
    [{ disconnect: 'reset' }, 'ECONNRESET'],
    [{ disconnect: 'halfClose' }, 'close'],
    [{ blackHole: true }, 'silence'],
    [{ blackHole: true, for: 0.01 }, 'ECONNRESET'],
  ]
  for (const [action, expected] of cases) {
    await withRules([{ ...action, atByte: 24 + 9 + 9 + 20 }], async ({ apns }) => {
      const client = await RawClient.connect(apns)
      let end = ''
      client.socket.on('error', (error: NodeJS.ErrnoException) => (end ||= String(error.code)))
      client.socket.on('end', () => (end ||= 'close'))
      await client.until(() => client.streamLimits().length > 0)
      client.request(requestHeaders(apns))
      if (expected === 'silence') await apns.waitFor(() => apns.counts().openConnections === 0)
      else await new Promise((resolve) => client.socket.once('close', resolve))
      assert.equal(end || 'silence', expected, JSON.stringify(action))
      // Half-closed, it still reads.
      assert.equal(apns.counts().received, action.disconnect === 'halfClose' ? 1 : 0)
      client.socket.destroy()
    })
  }
})

test('what was complete before that byte is received', async () => {
  await withRules([], async ({ apns }) => {
    const frames = (client: RawClient): Frame[] => client.requestFrames(requestHeaders(apns))
    const measure = await RawClient.connect(apns)
    const requestBytes = frames(measure).reduce((sum, { payload }) => sum + 9 + payload.length, 0)
    measure.socket.destroy()

    // The preface, the client's SETTINGS, its acknowledgement, one request, and half of another.
    apns.treat({ connection: 2, disconnect: true, atByte: 24 + 9 + 9 + Math.floor(requestBytes * 1.5) })
    const client = await RawClient.connect(apns)
    await client.until(() => client.streamLimits().length > 0)
    client.write(...frames(client), ...frames(client))
    await new Promise((resolve) => client.socket.once('close', resolve))
    assert.equal(apns.counts().received, 1)
  })
})

test('a connection is cut, or falls silent, at a byte that was sent', async () => {
  const settingsFrame = 9 + 5 * 6
  for (const position of [0, 5, settingsFrame + 3]) {
    for (const action of [{ disconnect: true }, { disconnect: 'reset' }, { blackHole: true }] as const) {
      await withRules([{ ...action, atSentByte: position }], async ({ apns }) => {
        const socket = await handshake(apns)
        assert.ok(socket instanceof tls.TLSSocket)
        const closed = new Promise((resolve) => socket.once('close', resolve))
        let bytes = 0
        socket.on('error', () => undefined)
        const reached = new Promise<void>((resolve) => {
          if (position === 0) resolve()
          socket.on('data', (chunk: Buffer) => {
            bytes += chunk.length
            if (bytes >= position) resolve()
          })
        })
        socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
        socket.write(Buffer.from('000000040000000000', 'hex'))
        await apns.waitFor(() => apns.counts().openConnections === 0)
        if ('disconnect' in action) await closed
        else await reached
        assert.equal(bytes, position, JSON.stringify(action))
        socket.destroy()
      })
    }
  }
})

test('GOAWAY comes before SETTINGS, or right behind', async () => {
  const goAway = [
    { lastStreamId: 99, reason: 'First' },
    { lastStreamId: 0, code: 'INTERNAL_ERROR' },
  ] as const
  await withRules(
    [
      { connection: 1, goAway: true, beforeSettings: true },
      { connection: 2, goAway, beforeSettings: true },
      { connection: 3, goAway },
    ],
    async ({ apns }) => {
      const seen: string[] = []
      for (let connection = 1; connection <= 3; connection++) {
        const client = await RawClient.connect(apns)
        await new Promise((resolve) => client.socket.once('close', resolve))
        seen.push(client.frames.map(describeFrame).join(' '))
      }
      const twice = 'GOAWAY 99 0 {"reason":"First"} GOAWAY 0 2 '
      assert.deepEqual(seen, ['GOAWAY 0 0 ', twice, `SETTINGS ${twice}`])
    },
  )
})

test('shows certificates that no client should take', async () => {
  const faults = {
    expired: 'CERT_HAS_EXPIRED',
    notYetValid: 'CERT_NOT_YET_VALID',
    otherHost: 'ERR_TLS_CERT_ALTNAME_INVALID',
    untrusted: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  } as const
  const rules = Object.keys(faults).map((certificate, index) => ({
    connection: index + 1,
    certificate: certificate as keyof typeof faults,
  }))
  await withRules(rules, async ({ apns, connect }) => {
    for (const code of Object.values(faults)) assert.equal(await handshake(apns), code)
    assert.equal((await (await connect()).send()).status, 200)
  })
})

test('a client certificate counts as expired or revoked', async () => {
  await withRules(
    [
      { connection: 1, clientCertificate: 'expired' },
      { connection: 2, clientCertificate: 'revoked' },
    ],
    async ({ apns, connectBare, connect }) => {
      const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
      for (const status of [403, 403, 200]) {
        const reply = await (await connectBare({ cert, key })).send()
        assert.deepEqual(
          [reply.status, reply.reason],
          [status, status === 200 ? undefined : 'BadCertificate'],
        )
      }
      assert.equal((await (await connect()).send()).status, 200)
    },
  )
})

test('a small window is what the client has to keep to', async () => {
  await withRules([{ initialWindow: 16 }], async ({ apns, connect }) => {
    const provider = await connect()
    assert.equal(provider.settings[0]?.initialWindowSize, 16)
    assert.equal((await provider.send(TOKEN, {}, LARGE_BODY)).status, 200)
    assert.equal(apns.received[0]?.body.length, LARGE_BODY.length)
  })
})

test('a stalled window grows no more, and makes up for it when the stall ends', async () => {
  const sent = Math.ceil(65_535 / LARGE_BODY.length) + 4
  for (const duration of [undefined, 0.05]) {
    const rule: ConnectionRule =
      duration === undefined ? { stallWindow: true } : { stallWindow: true, for: duration }
    await withRules(
      [rule],
      async ({ apns, connect }) => {
        const provider = await connect()
        const statuses = Array.from({ length: sent }, () => provider.send(TOKEN, {}, LARGE_BODY))
        if (duration === undefined) {
          // So many bodies, and not one more, fit into the window of the connection.
          const fitting = Math.floor(65_535 / LARGE_BODY.length)
          await apns.waitFor(fitting)
          await new Promise((resolve) => provider.session.ping(resolve))
          assert.equal(apns.counts().received, fitting)
        } else {
          for (const { status } of await Promise.all(statuses)) assert.equal(status, 200)
        }
      },
      { streamLimit: 1000, initialStreamLimit: 1000 },
    )
  }
})

test('a small window that is stalled lets no body through', async () => {
  await withRules([{ initialWindow: 10 }, { stallWindow: true }], async ({ apns }) => {
    const client = await RawClient.connect(apns)
    await client.until(() => client.streamLimits().length > 0)
    const [head, body] = client.requestFrames(requestHeaders(apns), '{"aps":{}}')
    assert.ok(head !== undefined && body !== undefined)
    client.write(head, { ...body, flags: 0 })
    const unknown = (): boolean => client.frames.some(({ type }) => type > 9)
    await client.until(unknown)
    assert.ok(client.frames.every(({ type }) => type !== WINDOW_UPDATE))
    client.socket.destroy()
  })
})

test('rules may be for some connections only, and all that fit apply', async () => {
  await withRules(
    [{ after: 1, times: 1, streamLimit: 5 }, { connection: [2, 3], initialWindow: 100 }, { streamLimit: 6 }],
    async ({ apns, connectBare }) => {
      const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
      const seen: unknown[] = []
      for (let connection = 1; connection <= 3; connection++) {
        const { settings } = await connectBare({ cert, key })
        seen.push([settings[0]?.maxConcurrentStreams, settings[0]?.initialWindowSize])
      }
      assert.deepEqual(seen, [
        [6, 65_535],
        [5, 100],
        [6, 100],
      ])
    },
  )
})

test('a stream limit of a connection may be for a time, whoever the client is', async () => {
  await withRules([{ streamLimit: 0, for: 0.01 }], async ({ apns, connectBare, connect }) => {
    const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
    const limits = async ({ settings, session }: Provider, count: number): Promise<unknown[]> => {
      while (settings.length < count) await once(session, 'remoteSettings')
      return settings.map(({ maxConcurrentStreams }) => maxConcurrentStreams)
    }
    assert.deepEqual(await limits(await connectBare({ cert, key }), 2), [0, 1000])
    const stranger = await connect()
    assert.deepEqual(await limits(stranger, 2), [0, 1])
    assert.equal((await stranger.send()).status, 200)
    assert.deepEqual(await limits(stranger, 3), [0, 1, 1000])
  })
})

function describeFrame({ type, payload }: Frame): string {
  if (type === TYPE.settings) return 'SETTINGS'
  const [last, code] = [payload.readUInt32BE(0), payload.readUInt32BE(4)]
  return type === TYPE.goAway ? `GOAWAY ${last} ${code} ${payload.subarray(8).toString()}` : `type ${type}`
}
