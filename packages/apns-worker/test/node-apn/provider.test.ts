import assert from 'node:assert/strict'
import { before, describe, it, mock } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { Feedback } from 'apns-worker'
import { MultiProvider, Notification, Provider, type ProviderOptions } from 'apns-worker/node-apn'
import { Fifo } from '#src/fifo.js'
import { failOnLeaks } from '../support/leaks.js'
import { tokensOf } from '../support/sender.js'
import { StoppedClock } from '../support/stopped-clock.js'
import { startTcpServer } from '../support/test-servers.js'
import { until, within } from '../support/within.js'

failOnLeaks()
// Retries are drawn at random, and are to be at once here.
before(() => void mock.method(Math, 'random', () => 0))

const TOPIC = 'com.example.app'

function optionsFor({ host, port, ca, credentials }: Simulator): ProviderOptions {
  return { token: { ...credentials }, address: host, port, ca }
}

function hello(properties: object = {}): Notification {
  return new Notification({ topic: TOPIC, alert: 'hello', ...properties })
}

/** A provider, and what is done with it; it is shut down afterwards, and has to end. */
async function using<T>(
  provider: Provider | MultiProvider,
  action: (provider: Provider | MultiProvider) => Promise<T>,
): Promise<T> {
  try {
    return await within(action(provider), () => 'it does not settle')
  } finally {
    await within(provider.shutdown(), () => 'it does not shut down')
  }
}

/** Lets time pass, a request's timeout at a time, until it settles. */
async function timesOut(sending: Promise<unknown>, apns: Simulator, clock: StoppedClock): Promise<void> {
  const state = { isSettled: false }
  void sending.finally(() => {
    state.isSettled = true
  })
  while (!state.isSettled) {
    await until(() => state.isSettled || apns.counts().openStreams > 0)
    await clock.pass(1000)
  }
}

describe('a provider', () => {
  it('sends a list of any length', async () => {
    await using apns = await startSimulator({ rules: [{ tokenPrefix: 'dead', unregistered: true }] })
    const tokens = [...tokensOf(20_000), ...tokensOf(10, 'dead')]
    const { sent, failed } = await using(new Provider(optionsFor(apns)), (provider) =>
      provider.send(hello(), tokens),
    )
    assert.deepEqual(
      sent.map(({ device }) => device),
      tokens.slice(0, 20_000),
    )
    assert.deepEqual(
      failed.map(({ device, status, response }) => [device, status, response?.reason]),
      tokens.slice(20_000).map((token) => [token, 410, 'Unregistered']),
    )
  })

  it('answers what is under way when it is shut down, and calls back after that', async () => {
    await using apns = await startSimulator({ latency: 0.05 })
    const provider = new Provider(optionsFor(apns))
    const events: string[] = []
    const sending = provider
      .send(hello(), tokensOf(30))
      .then(({ sent }) => events.push(`${sent.length} sent`))
    await within(
      provider.shutdown(() => events.push('called back')),
      () => 'it does not shut down',
    )
    await sending
    assert.deepEqual(events, ['30 sent', 'called back'])
    await provider.shutdown(() => events.push('once more'))
    assert.equal(events.at(-1), 'once more')
  })

  it('takes notifications that are anybody’s, node-apn’s own too', async () => {
    await using apns = await startSimulator()
    const note = {
      headers: () => ({ 'apns-topic': TOPIC, 'apns-priority': 5 }),
      compile: () => '{"aps":{"badge":1}}',
    }
    const { sent } = await using(new Provider(optionsFor(apns)), (provider) =>
      provider.send(note, tokensOf(1)),
    )
    assert.equal(sent.length, 1)
    assert.deepEqual(apns.received[0]?.payload, { aps: { badge: 1 } })
  })

  it('fails one topic that is not allowed, and no other', async () => {
    await using apns = await startSimulator({ topics: [TOPIC], latency: 0.01, streamLimit: 5 })
    await using(new Provider(optionsFor(apns)), async (provider) => {
      const [wrong, right] = await Promise.all([
        provider.send(hello({ topic: 'com.example.other' }), tokensOf(50)),
        provider.send(hello(), tokensOf(50, 'a')),
      ])
      assert.deepEqual([wrong.sent.length, wrong.failed.length], [0, 50])
      for (const { status, response } of wrong.failed)
        assert.deepEqual([status, response?.reason], [400, 'TopicDisallowed'])
      assert.deepEqual([right.sent.length, right.failed.length], [50, 0])
    })
    // What is in flight when the first is refused, is refused as well; the rest is not tried.
    assert.ok(apns.counts().refused <= 5, `${apns.counts().refused} requests were refused`)
  })

  it('goes on after refusals of its key, once they end', async () => {
    await using apns = await startSimulator()
    await using(new Provider(optionsFor(apns)), async (provider) => {
      const stop = apns.reply({ status: 403, reason: 'InvalidProviderToken' })
      const { failed } = await provider.send(hello(), tokensOf(40))
      assert.equal(failed.length, 40)
      for (const { status, response } of failed)
        assert.deepEqual([status, response?.reason], [403, 'InvalidProviderToken'])
      stop()
      assert.equal((await provider.send(hello(), tokensOf(40))).sent.length, 40)
    })
  })

  it('gives up where nobody answers, at once for all, and goes on when somebody does', async () => {
    using clock = new StoppedClock()
    await using apns = await startSimulator()
    const options = { ...optionsFor(apns), requestTimeout: 1000, connectionRetryLimit: 2 }
    await using(new Provider(options), async (provider) => {
      const stop = apns.reply({ silent: true })
      const sending = provider.send(hello(), tokensOf(500))
      await timesOut(sending, apns, clock)
      const { failed } = await sending
      assert.equal(failed.length, 500)
      for (const { error, status, response } of failed) {
        assert.deepEqual([status, response], [undefined, undefined])
        assert.match(String(error?.message), /^apn write (timeout|failed): /)
      }
      // One at a time, until somebody has answered: few of them were tried.
      assert.ok(apns.counts().received < 50, `${apns.counts().received} were sent`)
      stop()
      assert.equal((await provider.send(hello(), tokensOf(5))).sent.length, 5)
    })
  })

  it('gives up where there is no connection, with the reason', async () => {
    await using server = await startTcpServer((socket) => socket.destroy())
    await using apns = await startSimulator()
    const options = { ...optionsFor(apns), port: server.environment.port }
    await using(new Provider(options), async (provider) => {
      const { failed } = await provider.send(hello(), tokensOf(3))
      assert.equal(failed.length, 3)
      for (const { error } of failed) {
        assert.match(
          String(error?.message),
          /^apn write failed: Unreachable: .* the server closed the connection/,
        )
      }
    })
    assert.equal(server.connections, 3)
  })

  it('gives up at once where the server is not to be trusted', async () => {
    await using apns = await startSimulator()
    const { failed } = await using(new Provider({ ...optionsFor(apns), ca: undefined }), (provider) =>
      provider.send(hello(), tokensOf(3)),
    )
    assert.equal(failed.length, 3)
    for (const { error } of failed)
      assert.match(String(error?.message), /^apn write failed: TlsHandshake: .*certificate/)
  })

  it('waits as long as the server asks, unless that is longer than anybody wants to wait', async () => {
    await using apns = await startSimulator()
    await using(new Provider(optionsFor(apns)), async (provider) => {
      apns.reply({ status: 429, reason: 'TooManyRequests', retryAfter: 3600, times: 1 })
      const { failed } = await provider.send(hello(), tokensOf(1))
      assert.deepEqual(
        failed.map(({ status, response }) => [status, response?.reason]),
        [[429, 'TooManyRequests']],
      )
    })
  })

  it('keeps nothing of the dead tokens that it has told of', async (context) => {
    const push = context.mock.method(Fifo.prototype, 'push')
    await using apns = await startSimulator({ rules: [{ unregistered: true }] })
    await using(new Provider(optionsFor(apns)), async (provider) => {
      assert.equal((await provider.send(hello(), tokensOf(10))).failed.length, 10)
    })
    const kept = push.mock.calls.filter(({ arguments: [value] }) => value instanceof Feedback)
    assert.equal(kept.length, 0)
  })

  it('tells the fates of a token that is in the list twice', async () => {
    await using apns = await startSimulator()
    apns.reply({ badDeviceToken: true, times: 1 })
    const [token = ''] = tokensOf(1)
    const { sent, failed } = await using(new Provider(optionsFor(apns)), (provider) =>
      provider.send(hello(), [token, token]),
    )
    assert.deepEqual([sent.length, failed.length], [1, 1])
  })

  it('gives up a device that gets no answer, and nobody else', async () => {
    using clock = new StoppedClock()
    const [silent = '', slow = '', queued = '', ...others] = tokensOf(5)
    await using apns = await startSimulator({
      streamLimit: 2,
      rules: [{ token: [silent, slow], silent: true }],
    })
    const options = { ...optionsFor(apns), requestTimeout: 1000, connectionRetryLimit: 1, clientCount: 1 }
    await using(new MultiProvider(options), async (provider) => {
      const openStreams = (count: number): Promise<void> => until(() => apns.counts().openStreams === count)
      const answered = async (token: string): Promise<void> =>
        assert.equal((await provider.send(hello(), token)).sent.length, 1)
      const [first = '', second = ''] = others
      await answered(first)
      const given = provider.send(hello(), silent)
      await openStreams(1)
      await clock.pass(500)
      await answered(first)
      await clock.pass(500)
      // Its second and last attempt.
      await until(() => apns.counts().received === 4)
      await clock.pass(500)
      await answered(second)
      const waiting = [provider.send(hello(), slow), provider.send(hello(), queued)]
      await openStreams(2)
      await clock.pass(500)
      assert.match(String((await given).failed[0]?.error?.message), /^apn write timeout/)
      assert.equal((await waiting[1])?.sent.length, 1)
      await timesOut(Promise.all(waiting), apns, clock)
    })
  })

  it('does not give up where connections break, as long as each of them has served', async () => {
    const tokens = tokensOf(60)
    const cut = tokens.filter((_, index) => index % 6 === 5)
    await using apns = await startSimulator({
      streamLimit: 1,
      rules: [{ token: cut, timesPerToken: 1, disconnect: true }],
    })
    const options = { ...optionsFor(apns), connectionRetryLimit: 2, clientCount: 1 }
    const { sent } = await using(new MultiProvider(options), (provider) => provider.send(hello(), tokens))
    assert.equal(sent.length, 60)
    assert.ok(apns.counts().connections > 5)
  })

  it('gives up a server that has served, and is gone', async () => {
    const apns = await startSimulator()
    await using(new Provider(optionsFor(apns)), async (provider) => {
      assert.equal((await provider.send(hello(), tokensOf(5))).sent.length, 5)
      await apns.close()
      const { failed } = await provider.send(hello(), tokensOf(5))
      assert.equal(failed.length, 5)
    })
  })

  it('logs to functions that are enabled', async () => {
    await using apns = await startSimulator()
    const options = { ...optionsFor(apns), connectionRetryLimit: 0 }
    await using(new Provider(options), async (provider) => {
      const lines: string[] = []
      const log = Object.assign((line: string) => lines.push(line), { enabled: false })
      provider.setLogger(() => {}, log)
      apns.reply({ disconnect: true, times: 2 })
      await provider.send(hello(), tokensOf(1))
      assert.deepEqual(lines, [])
      log.enabled = true
      await provider.send(hello(), tokensOf(1))
      await until(() => lines.length > 0)
      assert.match(lines.join('\n'), /connection lost/)
      assert.throws(() => Reflect.apply(provider.setLogger, provider, ['console']), /a logger is a function/)
    })
  })

  it('of several connections opens no more of them than it was told', async () => {
    await using apns = await startSimulator({ latency: 0.01, streamLimit: 2 })
    await using(new MultiProvider({ ...optionsFor(apns), clientCount: 2 }), async (provider) => {
      assert.equal((await provider.send(hello(), tokensOf(60))).sent.length, 60)
    })
    assert.equal(apns.counts().connections, 2)
    for (const clientCount of [0, -1, 'many', Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => new MultiProvider({ ...optionsFor(apns), clientCount }), /clientCount is/)
    }
  })
})
