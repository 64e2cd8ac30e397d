import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { startGateway, startSimulator } from '@apns-worker/simulator'
import { ChildServer, missing } from '../support/child-server.js'
import { GatewaySender } from '../support/gateway-sender.js'
import { failOnLeaks } from '../support/leaks.js'
import { Sender, TOPIC, tokensOf } from '../support/sender.js'
import { until } from '../support/within.js'

failOnLeaks()

const PLACE = mkdtempSync(join(tmpdir(), 'apns-worker-proxy-'))
after(() => rmSync(PLACE, { recursive: true }))

const LOGIN = 'aladdin:sesame'
/** A port of loopback where nobody listens (RFC 863, and nobody has used it for long). */
const NOBODY = 9

interface ProxyProgram {
  readonly scheme: 'http' | 'socks5'
  readonly isMissing: string | false
  /** With a login, as `user:password`, or open to all. */
  readonly start: (login?: string) => Promise<ChildServer>
  /** What it answers when the destination can not be reached. */
  readonly unreachable: RegExp
}

/** Proxies that nobody here wrote. */
const PROGRAMS: Readonly<Record<string, ProxyProgram>> = {
  tinyproxy: {
    scheme: 'http',
    isMissing: missing(['tinyproxy', '-v'], 'tinyproxy-bin'),
    start: (login) =>
      ChildServer.start('tinyproxy', (port) => {
        const file = join(PLACE, `tinyproxy-${port}.conf`)
        const basicAuth = login === undefined ? '' : `BasicAuth ${login.replace(':', ' ')}\n`
        writeFileSync(file, `Port ${port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\n${basicAuth}`)
        return ['-d', '-c', file]
      }),
    unreachable: /answered 50\d to CONNECT 127\.0\.0\.1:9/,
  },
  microsocks: {
    scheme: 'socks5',
    isMissing: missing(['microsocks', '-h'], 'microsocks'),
    start: (login) =>
      ChildServer.start('microsocks', (port) => {
        const [user, password] = login?.split(':') ?? []
        const auth = user === undefined || password === undefined ? [] : ['-u', user, '-P', password]
        return ['-i', '127.0.0.1', '-p', String(port), ...auth]
      }),
    unreachable: /the destination refused the connection \(SOCKS reply 5\)/,
  },
}

for (const [name, { scheme, isMissing, start, unreachable }] of Object.entries(PROGRAMS)) {
  describe(name, { skip: isMissing }, () => {
    const urlOf = ({ port }: ChildServer, login = ''): string =>
      `${scheme}://${login === '' ? '' : `${login}@`}127.0.0.1:${port}`

    it('passes on everything, with provider tokens', async () => {
      await using apns = await startSimulator()
      await using proxy = await start()
      await using sender = new Sender(apns, { proxy: urlOf(proxy) })
      await sender.accepted(sender.send(2000))
      assert.equal(apns.counts().accepted, 2000)
      assert.deepEqual(sender.warnings, [])
    })

    it('passes on a client certificate, for a name that it looks up, with credentials', async () => {
      await using apns = await startSimulator()
      await using proxy = await start(LOGIN)
      const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
      const environment = { ...apns.environment, host: 'localhost' }
      await using sender = new Sender({ ...apns, environment }, { cert, key, proxy: urlOf(proxy, LOGIN) })
      await sender.accepted(sender.send(100))
      for (const { authentication } of apns.received) assert.equal(authentication, 'certificate')
    })

    it('leads to a gateway', async () => {
      await using gateway = await startGateway()
      await using proxy = await start(LOGIN)
      await using sender = new GatewaySender(gateway, { proxy: urlOf(proxy, LOGIN) })
      await sender.outcomes(sender.send(tokensOf(100)))
      assert.equal(gateway.received.length, 100)
    })

    it('that refuses the credentials, or wants some, stops the line', async () => {
      await using apns = await startSimulator()
      await using proxy = await start(LOGIN)
      for (const login of ['', 'aladdin:wrong']) {
        await using sender = new Sender(apns, { proxy: urlOf(proxy, login) })
        sender.send(5)
        assert.equal((await sender.stopped()).reason, 'ProxyCredentials')
      }
    })

    it('that can not reach the destination says so', async () => {
      await using proxy = await start()
      await using sender = new Sender(
        { environment: { host: '127.0.0.1', port: NOBODY } },
        { proxy: urlOf(proxy), retryDelay: 0.01 },
      )
      sender.send(5)
      await until(() => sender.warnings.length >= 2)
      for (const warning of sender.warnings) assert.match(warning, unreachable)
    })
  })
}
