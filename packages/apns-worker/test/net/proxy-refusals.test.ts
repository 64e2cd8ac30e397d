import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startGateway, startSimulator } from '@apns-worker/simulator'
import { freePort } from '../support/free-port.js'
import { GatewaySender } from '../support/gateway-sender.js'
import { failOnLeaks } from '../support/leaks.js'
import { LOGIN, ProxyListener, WRONG_LOGIN } from '../support/proxy-listener.js'
import { Sender, tokensOf } from '../support/sender.js'
import {
  type StartOptions,
  startConnectProxy,
  startSocksProxy,
  type TestProxy,
} from '../support/test-proxies.js'
import { until } from '../support/within.js'

failOnLeaks()

type Start = (options?: StartOptions) => Promise<TestProxy>
const STARTS: Readonly<Record<'HTTP' | 'SOCKS5', Start>> = {
  HTTP: startConnectProxy,
  SOCKS5: startSocksProxy,
}

for (const [kind, start] of Object.entries(STARTS)) {
  describe(`a proxy of ${kind} that refuses the credentials`, () => {
    it('stops the line; once it is mended, resume() sends everything, once', async () => {
      await using apns = await startSimulator()
      await using proxy = await start({ login: LOGIN })
      const listener = new ProxyListener()
      await using sender = new Sender(apns, listener.options(proxy.urlFor(WRONG_LOGIN)))
      const delivery = sender.send(50)
      for (let round = 1; round <= 2; round++) {
        const error = await sender.stopped()
        assert.equal(error.code, 'configuration')
        assert.equal(error.reason, 'ProxyCredentials')
        assert.match(
          error.message,
          /the proxy (http|socks5):\/\/127\.0\.0\.1:\d+ does not take this user and password/,
        )
        assert.match(error.message, /Check the user and password in proxy/)
        assert.equal(Reflect.get(Object(error.cause), 'code'), 'PROXY_CREDENTIALS')
        assert.equal(proxy.server.connections, round)
        if (round === 2) proxy.rules.login = WRONG_LOGIN
        sender.apns.resume()
      }
      await sender.accepted(delivery)
      assert.equal(apns.counts().received, 50)
      assert.equal(sender.errors.length, 2)
      listener.assertNoSecret(sender.errors, sender.apns)
    })

    it('or wants some that are not there, stops the line', async () => {
      await using apns = await startSimulator()
      await using proxy = await start({ login: LOGIN })
      await using sender = new Sender(apns, { proxy: proxy.url })
      sender.send(5)
      const error = await sender.stopped()
      assert.equal(error.reason, 'ProxyCredentials')
      assert.match(error.message, /wants a user and password/)
      assert.equal(proxy.server.connections, 1)
    })

    it('stops the line even if it took them before: trying again may lock the account', async () => {
      await using apns = await startSimulator()
      await using proxy = await start({ login: LOGIN })
      const listener = new ProxyListener()
      await using sender = new Sender(apns, listener.options(proxy.urlFor(LOGIN)))
      await sender.accepted(sender.send(5))
      proxy.rules.login = WRONG_LOGIN
      apns.disconnect()
      await until(() => sender.apns.stats().connections === 0)
      const delivery = sender.send(5)
      assert.equal((await sender.stopped()).reason, 'ProxyCredentials')
      assert.equal(proxy.server.connections, 2)
      proxy.rules.login = LOGIN
      sender.apns.resume()
      await sender.accepted(delivery)
      listener.assertNoSecret(sender.errors)
    })

    it('stops the line to a gateway too, and ends the reading of its feedback', async () => {
      await using gateway = await startGateway()
      await using proxy = await start({ login: LOGIN })
      const listener = new ProxyListener()
      await using sender = new GatewaySender(gateway, listener.options(proxy.urlFor(WRONG_LOGIN)))
      sender.apns.getFeedback(() => assert.fail('there is no way to it'))
      await until(() => sender.errors.length === 1)
      assert.equal(sender.errors[0]?.reason, 'FeedbackFailed')
      assert.match(String(sender.errors[0]?.cause), /does not take this user/)
      const delivery = sender.send(tokensOf(5))
      await until(() => sender.apns.paused !== undefined)
      assert.equal(sender.apns.paused?.reason, 'ProxyCredentials')
      proxy.rules.login = WRONG_LOGIN
      sender.apns.resume()
      const outcomes = await sender.outcomes(delivery)
      assert.ok(outcomes.every(({ status }) => status === 'accepted'))
      assert.equal(gateway.received.length, 5)
      listener.assertNoSecret(sender.errors)
    })
  })

  describe(`a proxy of ${kind} that is down`, () => {
    it('and then up gets everything, once', async () => {
      await using apns = await startSimulator()
      const port = await freePort()
      const url = `${kind === 'HTTP' ? 'http' : 'socks5'}://127.0.0.1:${port}`
      const listener = new ProxyListener()
      await using sender = new Sender(
        apns,
        listener.options(url.replace('//', '//s3cretUser:s3cretPassword@')),
      )
      const delivery = sender.send(100)
      await until(() => listener.warnings.length >= 3)
      for (const warning of listener.warnings)
        assert.match(
          warning,
          /^connection lost: the proxy .*:\/\/127\.0\.0\.1:\d+ could not be reached: .*ECONNREFUSED/,
        )
      assert.equal(sender.apns.paused, undefined)
      await using _proxy = await start({ port })
      await sender.accepted(delivery)
      await sender.apns.close()
      assert.equal(apns.counts().received, 100)
      assert.deepEqual(sender.errors, [])
      listener.assertNoSecret(sender.apns)
    })
  })
}

describe('a proxy that opens no tunnel', () => {
  const REFUSALS: readonly (readonly [kind: 'HTTP' | 'SOCKS5', refusal: number, words: RegExp])[] = [
    ['HTTP', 403, /answered 403 to CONNECT 127\.0\.0\.1:\d+: it does not allow this destination$/],
    ['HTTP', 404, /answered 404 to CONNECT .*: it may not open tunnels, or not know this destination$/],
    ['HTTP', 502, /answered 502 to CONNECT .*: it could not reach the destination$/],
    ['HTTP', 503, /answered 503 to CONNECT .*: it is overloaded, or could not reach the destination$/],
    ['SOCKS5', 1, /did not connect to 127\.0\.0\.1:\d+: it failed \(SOCKS reply 1\)$/],
    ['SOCKS5', 2, /its rules do not allow this destination \(SOCKS reply 2\)$/],
    ['SOCKS5', 4, /the destination is unreachable from it, or its name unknown there \(SOCKS reply 4\)$/],
    ['SOCKS5', 5, /the destination refused the connection \(SOCKS reply 5\)$/],
  ]
  for (const [kind, refusal, words] of REFUSALS) {
    it(`(${kind}, ${refusal}) is asked again, and gets everything once it opens one`, async () => {
      await using apns = await startSimulator()
      await using proxy = await STARTS[kind]({ login: LOGIN, refusal })
      const listener = new ProxyListener()
      await using sender = new Sender(apns, listener.options(proxy.urlFor(LOGIN)))
      const delivery = sender.send(20, { ambiguous: 'drop' })
      await until(() => listener.warnings.length >= 3)
      for (const warning of listener.warnings) assert.match(warning, words)
      assert.equal(sender.apns.paused, undefined)
      proxy.rules.refusal = undefined
      await sender.accepted(delivery)
      assert.equal(apns.counts().received, 20)
      assert.deepEqual(sender.errors, [])
      listener.assertNoSecret()
    })
  }
})
