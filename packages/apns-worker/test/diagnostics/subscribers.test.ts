import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { ApnsError, ApnsManager, channels, Notification } from 'apns-worker'
import { ProviderTokens } from '#src/credentials/provider-tokens.js'
import { KEYS } from '../credentials/test-certificates.js'
import { EventRecorder } from '../support/event-recorder.js'
import { failOnLeaks } from '../support/leaks.js'
import { runModule } from '../support/run-module.js'
import { Sender, tokensOf } from '../support/sender.js'
import { managerWith, OriginalStyleBackend, ScriptedBackend } from '../support/test-backends.js'
import { until, within } from '../support/within.js'

failOnLeaks()

const HOUR_MS = 3_600_000

/** Runs a listener on a channel for as long as it is in scope. */
function listen(name: string, listener: (event: unknown) => void): Disposable {
  subscribe(name, listener)
  return { [Symbol.dispose]: () => void unsubscribe(name, listener) }
}

describe('the channels', () => {
  it('have distinct names with one prefix', () => {
    const names = Object.values(channels)
    assert.equal(new Set(names).size, names.length)
    for (const name of names) assert.match(name, /^apns-worker:[a-z-]+:[a-z-]+$/)
  })

  it('make nothing for nobody', async (context) => {
    // Each event of a notification has its apns-id, and nothing else that is accepted asks for it.
    const apnsId = context.mock.getter(Notification.prototype, 'apnsId', () => 'x')
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    await sender.send(100).done()
    assert.equal(apnsId.mock.callCount(), 0)
    using _recorder = new EventRecorder()
    await sender.send(100).done()
    assert.equal(apnsId.mock.callCount(), 300)
  })

  it('tell managers apart, by the names they were given', async () => {
    using recorder = new EventRecorder()
    await using first = await startSimulator()
    await using second = await startSimulator()
    await using news = new Sender(first, { name: 'news' })
    await using chat = new Sender(second, { name: 'chat' })
    await Promise.all([news.accepted(news.send(2)), chat.accepted(chat.send(3))])
    const settled = recorder.of(channels.notificationSettled)
    for (const [sender, count] of [
      [news, 2],
      [chat, 3],
    ] as const) {
      assert.equal(settled.filter(({ manager }) => manager === sender.apns.name).length, count)
    }
    assert.deepEqual([news.apns.name, chat.apns.name], ['news', 'chat'])
  })

  it('tell managers apart that were given no name', () => {
    const [first, second] = [managerWith(ScriptedBackend).apns, managerWith(ScriptedBackend).apns]
    assert.match(first.name, /^apns-\d+$/)
    assert.notEqual(first.name, second.name)
    for (const name of ['', 7, null]) {
      // As it comes from JavaScript.
      const options: object = { backend: ScriptedBackend, name }
      assert.throws(() => new ApnsManager(options), /name is (""|7|null); give a name/)
    }
  })

  it('tell what the library does for a backend of one’s own', async () => {
    using recorder = new EventRecorder()
    const { apns, backend } = managerWith(OriginalStyleBackend, { messageGrace: 0.05, errorHandler() {} })
    const delivery = apns.sendAps(tokensOf(3), { alert: 'hello' })
    backend.pause(new ApnsError({ reason: 'TopicDisallowed' }))
    apns.resume()
    await delivery.done()
    assert.deepEqual(recorder.names(), [
      channels.sendingPaused,
      channels.sendingResumed,
      ...Array(3).fill(channels.notificationSettled),
    ])
    for (const name of [channels.sendingPaused, channels.sendingResumed, channels.notificationSettled])
      for (const { manager } of recorder.of(name)) assert.equal(manager, apns.name)
    await apns.close()
  })
})

describe('a provider token', () => {
  it('is told each time that one is made, and by what it is known', () => {
    using recorder = new EventRecorder()
    let nowMs = Date.parse('2026-03-04T05:06:07.089Z')
    const tokens = new ProviderTokens({
      key: KEYS.p256,
      keyId: 'ABC123DEFG',
      teamId: 'TEAM123456',
      now: () => nowMs,
    })
    const issued: number[] = []
    for (let round = 0; round < 3; round++) {
      const [, claims = ''] = tokens.current().split('.')
      const { iat }: { iat: number } = JSON.parse(Buffer.from(claims, 'base64url').toString())
      issued.push(iat * 1000)
      tokens.current()
      nowMs += HOUR_MS
    }
    assert.deepEqual(
      recorder.of(channels.providerTokenRenewed),
      issued.map((ms) => ({ keyId: 'ABC123DEFG', teamId: 'TEAM123456', issuedAt: new Date(ms) })),
    )
  })
})

describe('a subscriber', () => {
  it('that throws on every channel breaks nothing; Node reports what it threw', async () => {
    await using apns = await startSimulator({
      rules: [
        { tokenPrefix: 'dead', unregistered: true },
        { tokenPrefix: 'b5', timesPerToken: 1, status: 503, reason: 'ServiceUnavailable' },
      ],
    })
    const output = await runModule(`
      import { subscribe } from 'node:diagnostics_channel'
      import { ApnsManager, channels } from 'apns-worker'
      for (const name of Object.values(channels)) subscribe(name, () => { throw new Error('thrown by a subscriber') })
      let thrown = 0
      process.on('uncaughtException', ({ message }) => { if (message === 'thrown by a subscriber') thrown++ })
      const apns = new ApnsManager({ ...${JSON.stringify({
        ...apns.credentials,
        environment: apns.environment,
        topic: 'com.example.app',
        retryDelay: 0.01,
      })}, errorHandler() {} })
      const report = await apns.sendAps(${JSON.stringify([
        ...tokensOf(5, 'a'),
        ...tokensOf(1, 'dead'),
        ...tokensOf(1, 'b5'),
      ])}).done()
      await apns.close()
      console.log(JSON.stringify({ ...report, thrown: thrown > 20, retried: apns.stats().retried }))`)
    assert.deepEqual(JSON.parse(output), { total: 7, succeeded: 6, failed: 1, thrown: true, retried: 1 })
    assert.equal(apns.counts().received, 8)
  })

  it('may call the manager from within each event', async () => {
    await using apns = await startSimulator({
      rules: [
        { tokenPrefix: 'dead', unregistered: true },
        { tokenPrefix: 'b5', timesPerToken: 1, status: 503, reason: 'ServiceUnavailable' },
        { tokenPrefix: 'c', timesPerToken: 1, goAway: { lastStreamId: 'answered' } },
      ],
    })
    await using sender = new Sender(apns, { retryDelay: 0.01, maxConnections: 2 })
    let sendsLeft = 20
    const meddle = (): void => {
      sender.apns.stats()
      if (sendsLeft-- > 0) sender.send(2)
      sender.apns.resume()
    }
    const listeners = Object.values(channels).map((name) => listen(name, meddle))
    try {
      await sender.outcomes(
        sender.send([
          ...tokensOf(50, 'a'),
          ...tokensOf(2, 'dead'),
          ...tokensOf(3, 'b5'),
          ...tokensOf(1, 'c'),
        ]),
      )
      await within(sender.apns.flushMessages(), () => sender.describe())
      assert.equal(sender.apns.stats().accepted, 54 + 40)
    } finally {
      for (const listener of listeners) listener[Symbol.dispose]()
    }
  })

  it('sees no connection in stats() that was just closed', async () => {
    await using apns = await startSimulator()
    const sender = new Sender(apns)
    const present: number[] = []
    using _listening = listen(channels.connectionClosed, () => {
      const { connections, traffic } = sender.apns.stats()
      present.push(connections, traffic.connections.length)
    })
    await sender.accepted(sender.send(1))
    await sender.apns.close()
    assert.deepEqual(present, [0, 0])
  })

  it('may take back what is left when the first is sent', async () => {
    await using apns = await startSimulator()
    await using sender = new Sender(apns)
    await sender.accepted(sender.send(1))
    const delivery = sender.send(500)
    using _listening = listen(channels.requestSent, () => delivery.cancel())
    await sender.outcomes(delivery)
    assert.deepEqual([delivery.succeeded, delivery.failed], [1, 499])
  })

  it('may resume at once what was paused', async () => {
    await using apns = await startSimulator({ rules: [{ times: 3, status: 403, reason: 'TopicDisallowed' }] })
    await using sender = new Sender(apns)
    using _listening = listen(channels.sendingPaused, () => sender.apns.resume())
    const delivery = sender.send(1)
    await until(() => delivery.succeeded === 1)
    assert.equal(sender.errors.length, 3)
  })

  it('may close the manager, and every promise is settled', async () => {
    await using apns = await startSimulator({ latency: 0.01 })
    await using sender = new Sender(apns)
    const delivery = sender.send(200)
    using _listening = listen(channels.requestAnswered, () => void sender.apns.close({ timeout: 0 }))
    await within(delivery.done(), () => sender.describe())
    assert.ok(delivery.succeeded >= 1 && delivery.failed > 0, sender.describe())
  })
})

describe('no event', () => {
  it('has a device token, a payload, a key or a provider token in it, however deep one looks', async () => {
    using recorder = new EventRecorder()
    await using apns = await startSimulator({
      rules: [
        { tokenPrefix: 'dead', unregistered: true },
        { tokenPrefix: 'b5', timesPerToken: 1, status: 503, reason: 'ServiceUnavailable' },
        { tokenPrefix: 'c', timesPerToken: 1, disconnect: true },
        { tokenPrefix: 'd1', times: 1, status: 403, reason: 'TopicDisallowed' },
      ],
    })
    const sender = new Sender(apns, { retryDelay: 0.01 })
    const tokens = [...tokensOf(3, 'a'), ...tokensOf(2, 'dead'), ...tokensOf(2, 'b5'), ...tokensOf(1, 'd1')]
    const lost = tokensOf(1, 'c')
    using _resuming = listen(channels.sendingPaused, () => setImmediate(() => sender.apns.resume()))
    for (const list of [tokens, lost]) {
      const delivery = sender.apns.sendAps(list, { alert: 'for your eyes only' })
      await within(delivery.done(), () => sender.describe())
    }
    await sender.apns.close()
    const names = new Set(recorder.names())
    for (const name of [channels.sendingPaused, channels.feedbackReceived, channels.requestUnanswered])
      assert.ok(names.has(name), name)

    const text = recorder.text()
    const authorization = apns.received[0]?.headers.get('authorization') ?? ''
    assert.match(authorization, /^bearer ey/)
    const secrets = [
      ...tokens,
      ...lost,
      'for your eyes only',
      ...authorization.replace('bearer ', '').split('.'),
      ...apns.credentials.key.split('\n').filter((line) => line.length > 20 && !line.startsWith('-')),
    ]
    for (const secret of secrets) assert.ok(!text.includes(secret), secret)
    assert.ok(text.includes(apns.credentials.keyId), 'what is looked through is what was published')
  })
})
