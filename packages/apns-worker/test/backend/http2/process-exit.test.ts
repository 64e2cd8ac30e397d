import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startSimulator } from '@apns-worker/simulator'
import type { ChildPlan } from '../../support/child-sender.js'
import { failOnLeaks } from '../../support/leaks.js'
import { answer, settings, startScriptedServer } from '../../support/scripted-server.js'
import { type Peer, TOPIC } from '../../support/sender.js'
import { LOCALHOST, PROVIDER_KEY } from '../../support/test-identity.js'
import { startConnectProxy, startSocksProxy } from '../../support/test-proxies.js'
import { startTcpServer, startTlsServer } from '../../support/test-servers.js'

failOnLeaks()

const PROGRAM = fileURLToPath(new URL('../../support/child-sender.js', import.meta.url))
/** A program that does not end by itself is killed after so long, and fails its test. */
const TIMEOUT_MS = 60_000
/** Seconds. Whatever outlives its purpose must show, and not be over before the program is killed. */
const LONG = { connectTimeout: 3600, requestTimeout: 3600, pingInterval: 3600 } as const

interface Ended {
  readonly code: number | null
  readonly steps: string[]
  readonly stderr: string
}

/** Runs the program to its end. An unhandled rejection, or a promise that is left pending, is in its exit code. */
async function run(
  peer: Peer,
  plan: Omit<ChildPlan, 'options'>,
  options: Partial<ChildPlan['options']> = {},
): Promise<Ended> {
  const { environment, credentials = PROVIDER_KEY } = peer
  const whole: ChildPlan = {
    ...plan,
    options: { ...credentials, environment, topic: TOPIC, ...LONG, ...options },
  }
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(whole)], {
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  await once(child, 'close')
  return { code: child.exitCode, steps: output.stdout.split('\n').filter(Boolean), stderr: output.stderr }
}

describe('a program that has sent', () => {
  it('ends by itself: an idle connection does not keep it', async () => {
    await using apns = await startSimulator()
    const ended = await run(apns, { tokens: 100, steps: ['done'] })
    assert.deepEqual(ended, { code: 0, steps: ['done'], stderr: '' })
    assert.equal(apns.counts().accepted, 100)
  })

  for (const scheme of ['http', 'https', 'socks5'] as const) {
    it(`ends by itself, through a proxy of ${scheme} too`, async () => {
      await using apns = await startSimulator()
      await using proxy = await (scheme === 'socks5' ? startSocksProxy() : startConnectProxy({}, scheme))
      const option = scheme === 'https' ? { url: proxy.url, ca: LOCALHOST.cert } : proxy.url
      const ended = await run(apns, { tokens: 100, steps: ['done'] }, { proxy: option })
      assert.deepEqual(ended, { code: 0, steps: ['done'], stderr: '' })
      assert.equal(apns.counts().accepted, 100)
    })
  }

  it('does not end before everything is sent, and sent again where that has to be', async () => {
    await using apns = await startSimulator({
      latency: 0.02,
      rules: [
        { times: 10, status: 503, reason: 'ServiceUnavailable' },
        { times: 5, reset: 'INTERNAL_ERROR' },
        { times: 1, disconnect: true },
      ],
    })
    const ended = await run(apns, { tokens: 200, steps: [] }, { retryDelay: 0.1 })
    assert.deepEqual(ended, { code: 0, steps: [], stderr: '' })
    // Some of those whose answers were lost with a connection were accepted twice.
    const accepted = apns.received.filter(({ status }) => status === 200)
    assert.equal(new Set(accepted.map(({ token }) => token)).size, 200)
  })

  it('ends after close() too', async () => {
    await using apns = await startSimulator()
    const ended = await run(apns, { tokens: 100, steps: ['close'] })
    assert.deepEqual(ended, { code: 0, steps: ['close'], stderr: '' })
    assert.equal(apns.counts().accepted, 100)
  })

  it('ends after close() of a connection that was idle', async () => {
    await using apns = await startSimulator()
    const ended = await run(apns, { tokens: 100, steps: ['done', 'close', 'close'] })
    assert.deepEqual(ended, { code: 0, steps: ['done', 'close', 'close'], stderr: '' })
  })

  it('ends while the line is stopped, having said why', async () => {
    await using apns = await startSimulator()
    apns.reply({ status: 403, reason: 'InvalidProviderToken' })
    const ended = await run(apns, { tokens: 100, steps: [] })
    assert.equal(ended.code, 0)
    assert.match(ended.stderr, /ApnsWorkerWarning: sending is paused: InvalidProviderToken/)
  })
})

describe('a program that made a manager and sent nothing', () => {
  it('ends', async () => {
    await using apns = await startSimulator()
    assert.deepEqual(await run(apns, { tokens: 0, steps: [] }), { code: 0, steps: [], stderr: '' })
    assert.deepEqual(await run(apns, { tokens: 0, steps: ['close'] }), {
      code: 0,
      steps: ['close'],
      stderr: '',
    })
    assert.equal(apns.counts().connections, 0)
  })
})

describe('a program that closes while the server is silent', () => {
  it('ends, after TCP’s accept', async () => {
    await using server = await startTcpServer((socket) => socket.resume())
    const ended = await run(server, { tokens: 5, steps: ['close at once'] })
    assert.deepEqual(ended, { code: 0, steps: ['close at once'], stderr: '' })
  })

  it('ends, before SETTINGS', async () => {
    await using server = await startTlsServer((socket) => socket.resume())
    const ended = await run(server, { tokens: 5, steps: ['close at once'] })
    assert.deepEqual(ended, { code: 0, steps: ['close at once'], stderr: '' })
  })

  it('ends, with requests in flight', async () => {
    await using server = await startScriptedServer({
      connected: (connection) => connection.send(settings(100)),
      requested: (connection, streamId) => {
        if (streamId === 1) connection.send(answer(streamId))
      },
    })
    const ended = await run(server, { tokens: 50, steps: ['close at once'] })
    assert.deepEqual(ended, { code: 0, steps: ['close at once'], stderr: '' })
  })

  it('ends, while nobody is there', async () => {
    await using server = await startTcpServer((socket) => socket.destroy())
    const ended = await run(server, { tokens: 5, steps: ['close at once'] })
    assert.deepEqual(ended, { code: 0, steps: ['close at once'], stderr: '' })
  })
})
