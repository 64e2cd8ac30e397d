import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway, startSimulator } from '@apns-worker/simulator'
import { type Feedback, Message, type ProxyOption } from 'apns-worker'
import { GatewaySender } from '../support/gateway-sender.js'
import { failOnLeaks } from '../support/leaks.js'
import { Sender, TOPIC, tokensOf } from '../support/sender.js'
import { LOCALHOST } from '../support/test-identity.js'
import { NAME_AT_PROXY, startConnectProxy, startSocksProxy, type TestProxy } from '../support/test-proxies.js'
import { until } from '../support/within.js'

failOnLeaks()

const LOGIN = { username: 'us:er@é', password: 'p/w%41 #' }

interface Kind {
  readonly start: (options?: Parameters<typeof startSocksProxy>[0]) => Promise<TestProxy>
  readonly login: { readonly username: string; readonly password: string }
  readonly option: (url: string) => ProxyOption
}

const KINDS: Readonly<Record<string, Kind>> = {
  HTTP: {
    start: (options) => startConnectProxy(options),
    login: { ...LOGIN, username: 'us@er é' },
    option: (url) => url,
  },
  HTTPS: {
    start: (options) => startConnectProxy(options, 'https'),
    login: { ...LOGIN, username: 'us@er é' },
    option: (url) => ({ url, ca: LOCALHOST.cert }),
  },
  SOCKS5: { start: startSocksProxy, login: LOGIN, option: (url) => new URL(url) },
}

for (const [kind, { start, login, option }] of Object.entries(KINDS)) {
  describe(`through a proxy of ${kind}`, () => {
    it('everything is sent, with provider tokens, and more than a socket takes at once', async () => {
      await using apns = await startSimulator()
      await using proxy = await start()
      await using sender = new Sender(apns, { proxy: option(proxy.url) })
      const payload = { aps: { alert: 'hello' }, filling: 'x'.repeat(4000) }
      await sender.accepted(sender.sendMessage(new Message(tokensOf(2000), payload)))
      assert.equal(apns.counts().accepted, 2000)
      const { host, port } = apns.environment
      assert.deepEqual(new Set(proxy.destinations), new Set([`${host}:${port}`]))
      assert.equal(proxy.destinations.length, apns.counts().connections)
      assert.deepEqual(sender.warnings, [])
    })

    it('the client certificate is shown to APNs', async () => {
      await using apns = await startSimulator()
      await using proxy = await start()
      const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
      await using sender = new Sender(apns, { cert, key, proxy: option(proxy.url) })
      await sender.accepted(sender.send(50))
      for (const { authentication } of apns.received) assert.equal(authentication, 'certificate')
      assert.equal(proxy.destinations.length, 1)
    })

    it('the name is looked up by the proxy, and the certificate is checked against it all the same', async () => {
      await using apns = await startSimulator()
      await using proxy = await start()
      const environment = { ...apns.environment, host: NAME_AT_PROXY }
      await using known = new Sender(
        { ...apns, environment: { ...environment, servername: 'localhost' } },
        { proxy: option(proxy.url) },
      )
      await known.accepted(known.send(5))
      assert.deepEqual(proxy.destinations, [`${NAME_AT_PROXY}:${environment.port}`])
      await using sender = new Sender({ ...apns, environment }, { proxy: option(proxy.url) })
      sender.send(5)
      const error = await sender.stopped()
      assert.equal(error.reason, 'TlsHandshake')
      assert.match(error.description, /apns\.test/)
    })

    it('with credentials, they are shown to it as they are', async () => {
      await using apns = await startSimulator()
      await using proxy = await start({ login })
      await using sender = new Sender(apns, { proxy: option(proxy.urlFor(login)) })
      await sender.accepted(sender.send(5))
      assert.deepEqual(proxy.logins, [login])
    })

    it('a connection that is lost is opened again', async () => {
      await using apns = await startSimulator()
      await using proxy = await start()
      await using sender = new Sender(apns, { proxy: option(proxy.url), retryDelay: 0.01 })
      await sender.accepted(sender.send(5))
      proxy.server.resetAll()
      await until(() => sender.apns.stats().connections === 0)
      await sender.accepted(sender.send(5))
      assert.equal(proxy.destinations.length, 2)
    })

    it('a gateway and its feedback service are reached too', async () => {
      await using gateway = await startGateway()
      await using proxy = await start({ login })
      await using sender = new GatewaySender(gateway, { proxy: option(proxy.urlFor(login)) })
      const tokens = tokensOf(500)
      const outcomes = await sender.outcomes(sender.send(tokens))
      assert.ok(outcomes.every(({ status }) => status === 'accepted'))
      assert.deepEqual(
        gateway.received.map(({ token }) => token),
        tokens,
      )
      gateway.addFeedback('ab'.repeat(32))
      const feedback: Feedback[] = []
      sender.apns.getFeedback((each) => feedback.push(each))
      await until(() => feedback.length === 1)
      const { host, port, feedbackPort } = gateway.environment
      assert.deepEqual(proxy.destinations, [`${host}:${port}`, `${host}:${feedbackPort}`])
      assert.deepEqual(sender.errors, [])
    })
  })
}
