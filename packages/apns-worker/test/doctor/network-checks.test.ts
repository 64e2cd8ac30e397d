import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import dns from 'node:dns/promises'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { connect } from 'node:net'
import { describe, it, mock } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { freePort } from '../support/free-port.js'
import { failOnLeaks } from '../support/leaks.js'
import { LOGIN, urlTo, WRONG_LOGIN } from '../support/proxy-listener.js'
import { StoppedClock } from '../support/stopped-clock.js'
import { LOCALHOST } from '../support/test-identity.js'
import { startConnectProxy, startSocksProxy } from '../support/test-proxies.js'
import { startTcpServer, startTlsServer } from '../support/test-servers.js'
import { until } from '../support/within.js'
import { at, atSimulator, type Examined, examine, examineWithTime } from './examine.js'

failOnLeaks()

/** A resolver that answers as it is told; the system's own can not be made to fail, nor to know names of ours. */
class Resolver implements Disposable {
  readonly #replaced

  constructor(answer: (host: string) => Promise<readonly string[]>) {
    this.#replaced = mock.method(dns, 'lookup', async (host: string) =>
      (await answer(host)).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
    syncBuiltinESMExports()
  }

  [Symbol.dispose](): void {
    this.#replaced.mock.restore()
    syncBuiltinESMExports()
  }
}

describe('the check of DNS', () => {
  it('gives the addresses, in their order; an address is one', async () => {
    using _resolver = new Resolver(async () => ['127.0.0.1', '::1'])
    const found = await examine(at({ host: 'apns.test', port: await freePort() }))
    found.assertFound('dns', 'OK', /apns\.test is 127\.0\.0\.1, ::1/, 'ok')
    assert.deepEqual(found.of('dns').facts, { addresses: ['127.0.0.1', '::1'] })
    const address = await examine(at({ host: '127.0.0.1', port: await freePort() }))
    address.assertFound('dns', 'OK', /127\.0\.0\.1 is an address/, 'ok')
  })

  it('tries no more than sixteen addresses', async () => {
    using _resolver = new Resolver(async () =>
      Array.from({ length: 40 }, (_, index) => `127.0.1.${index + 1}`),
    )
    const found = await examine(at({ host: 'apns.test', port: await freePort() }))
    assert.equal(found.of('tcp').parts.length, 16)
  })

  it('says that there is no such host', async () => {
    using _resolver = new Resolver(async () => {
      throw Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' })
    })
    const found = await examine(at({ host: 'apns.test' }))
    found.assertFound(
      'dns',
      'DNS_NOT_FOUND',
      /there is no host apns\.test \(ENOTFOUND\) Check the host's name/,
    )
    assert.deepEqual(found.of('dns').blocks, ['tcp', 'tls', 'alpn', 'settings', 'authentication', 'clock'])
    const apple = await examine(at({ environment: 'sandbox' }))
    apple.assertFound(
      'dns',
      'DNS_NOT_FOUND',
      /no host api\.sandbox\.push\.apple\.com .* for push\.apple\.com/,
    )
    const proxy = await examine(at({ environment: 'sandbox' }, { proxy: 'http://proxy.test:3128' }))
    proxy.assertFound('dns', 'DNS_NOT_FOUND', /there is no host proxy\.test .* Check the proxy's name/)
  })

  it('says that the resolver fails, or does not answer', async () => {
    using resolver = new Resolver(async () => {
      throw Object.assign(new Error('getaddrinfo'), { code: 'EAI_AGAIN' })
    })
    const failed = await examine(at({ host: 'apns.test' }))
    failed.assertFound('dns', 'DNS_FAILED', /could not be looked up \(EAI_AGAIN\).*resolv\.conf/)
    resolver[Symbol.dispose]()
    using _silent = new Resolver(() => new Promise(() => {}))
    using clock = new StoppedClock()
    const silent = await examineWithTime(clock, examine(at({ host: 'apns.test' })))
    silent.assertFound('dns', 'DNS_TIMEOUT', /no answer about apns\.test within 10 s/)
  })
})

describe('the check of TCP', () => {
  it('tells how long each connection took', async () => {
    await using server = await startTcpServer((socket) => socket.destroy())
    const found = await examine(at(server.environment, { timeout: 30 }))
    found.assertFound('tcp', 'OK', /^port \d+/, 'ok')
    const [part, ...more] = found.of('tcp').parts
    assert.deepEqual(more, [])
    assert.deepEqual(
      { ...part, seconds: 0 },
      { subject: '127.0.0.1', verdict: 'ok', text: 'connected', seconds: 0 },
    )
    assert.ok((part?.seconds ?? -1) >= 0)
  })

  it('says that nothing listens', async () => {
    const found = await examine(at({ host: '127.0.0.1', port: await freePort() }))
    found.assertFound('tcp', 'TCP_REFUSED', /no connection to port \d+ of the address Nothing listens there/)
    assert.deepEqual(found.of('tcp').blocks, ['tls', 'alpn', 'settings', 'authentication', 'clock'])
  })

  it('says which addresses fail, and goes on with the others', async () => {
    await using apns = await startSimulator()
    using _resolver = new Resolver(async () => ['127.0.0.2', '127.0.0.1', '::ffff:255.255.255.255'])
    const { port, ca } = apns.environment
    const servers = [{ host: 'apns.test', servername: 'localhost', port, ca }]
    const found = await examine(atSimulator(apns, { servers }))
    found.assertFound('tcp', 'TCP_SOME_FAILED', /no connection to 1 of 3 addresses/, 'warning')
    const parts = found.of('tcp').parts.map(({ subject, verdict, text }) => [subject, verdict, text])
    assert.deepEqual(parts, [
      ['127.0.0.2', 'problem', 'refused (ECONNREFUSED)'],
      ['127.0.0.1', 'ok', 'connected'],
      ['::ffff:255.255.255.255', 'skipped', 'no way there (ENETUNREACH): this machine has no IPv6'],
    ])
  })

  it('is content with IPv4 where there is no IPv6', async () => {
    await using server = await startTcpServer((socket) => socket.destroy())
    using _resolver = new Resolver(async () => ['127.0.0.1', '::ffff:255.255.255.255'])
    const found = await examine(at({ host: 'apns.test', port: server.environment.port }))
    assert.equal(found.of('tcp').verdict, 'ok')
  })

  it('says that there is no way, or several things', async () => {
    using resolver = new Resolver(async () => ['255.255.255.255'])
    const none = await examine(at({ host: 'apns.test' }))
    none.assertFound('tcp', 'TCP_UNREACHABLE', /no connection to port 443 .* firewalls/)
    resolver[Symbol.dispose]()
    using _several = new Resolver(async () => ['255.255.255.255', '127.0.0.1', 'fe80::1'])
    const several = await examine(at({ host: 'apns.test', port: await freePort() }))
    several.assertFound('tcp', 'TCP_FAILED', /no connection to port \d+ of any of 3 addresses/)
  })

  it("says what to open for Apple's servers, and what to check of a proxy", async () => {
    using _resolver = new Resolver(async () => ['255.255.255.255'])
    const apple = await examine(at({ environment: 'production' }))
    apple.assertFound('tcp', 'TCP_UNREACHABLE', /17\.0\.0\.0\/8/)
    const proxied = await examine(at({ environment: 'production' }, { proxy: 'http://proxy.test:3128' }))
    proxied.assertFound('tcp', 'TCP_UNREACHABLE', /port 3128 .*Check that the proxy runs/)
  })

  it('gives up on an address that does not answer', async () => {
    await using hole = await BlackHole.open()
    using clock = new StoppedClock()
    const found = await examineWithTime(clock, examine(at({ host: '127.0.0.1', port: hole.port })))
    found.assertFound('tcp', 'TCP_TIMEOUT', /firewalls in between/)
    assert.equal(found.of('tcp').parts[0]?.text, 'no answer (ETIMEDOUT)')
  })
})

describe('the check of the way through a proxy', () => {
  it('is made where there is one, and the rest goes through it', async () => {
    await using apns = await startSimulator()
    for (const start of [startConnectProxy, startSocksProxy]) {
      await using proxy = await start({ login: LOGIN })
      const found = await examine(atSimulator(apns, { proxy: proxy.urlFor(LOGIN) }))
      found.assertFound(
        'tunnel',
        'OK',
        /the proxy (http|socks5):\/\/127\.0\.0\.1:\d+ leads to 127\.0\.0\.1:\d+$/,
        'ok',
      )
      assert.equal(found.of('authentication').verdict, 'ok')
      assert.deepEqual(proxy.destinations, [`127.0.0.1:${apns.port}`])
      assert.equal(found.of('tcp').facts['port'], Number(new URL(proxy.url).port))
      assert.doesNotMatch(JSON.stringify(found), /s3cret/)
    }
  })

  it('says why there is none', async () => {
    const destination = { host: '127.0.0.1', port: await freePort() }
    const through = (proxy: string): Promise<Examined> => examine(at(destination, { proxy }))
    await using login = await startConnectProxy({ login: LOGIN })
    const none = await through(login.url)
    none.assertFound('tunnel', 'PROXY_CREDENTIALS', /wants a user and password \(407\) Give the user/)
    const wrong = await through(login.urlFor(WRONG_LOGIN))
    wrong.assertFound('tunnel', 'PROXY_CREDENTIALS', /does not take this user and password/)
    assert.deepEqual(wrong.of('tunnel').blocks, ['tls', 'alpn', 'settings', 'authentication', 'clock'])
    assert.doesNotMatch(JSON.stringify(wrong), /s3cret/)
    await using refusing = await startConnectProxy({ refusal: 403 })
    ;(await through(refusing.url)).assertFound('tunnel', 'PROXY_REFUSED', /does not allow this destination/)
    await using tls = await startConnectProxy({}, 'https')
    ;(await through(tls.url)).assertFound('tunnel', 'PROXY_TLS', /NODE_EXTRA_CA_CERTS/)
    await using gone = await startTcpServer((socket) => socket.once('data', () => socket.end()))
    ;(await through(urlTo('http', gone))).assertFound('tunnel', 'PROXY_UNREACHABLE', /log of the proxy/)
    await using smtp = await startTcpServer((socket) => socket.resume().end('220 mail.example ESMTP\r\n'))
    ;(await through(urlTo('http', smtp))).assertFound('tunnel', 'PROXY_BAD_ANSWER', /Check scheme and port/)
  })

  it('gives up on one that is silent', async () => {
    await using silent = await startTcpServer((socket) => socket.resume())
    using clock = new StoppedClock()
    const found = await examineWithTime(
      clock,
      examine(at({ host: 'apns.test' }, { proxy: urlTo('http', silent) })),
    )
    found.assertFound('tunnel', 'PROXY_TIMEOUT', /has not opened a tunnel within 10 s/)
  })

  it('leaves nothing open when TLS fails inside', async () => {
    await using server = await startTlsServer(() => {}, { ALPNProtocols: ['http/1.1'] })
    await using proxy = await startConnectProxy()
    const found = await examine(at({ ...server.environment, ca: LOCALHOST.cert }, { proxy: proxy.url }))
    assert.equal(found.of('tls').code, 'ALPN_REFUSED')
    await until(() => proxy.server.sockets.size === 0 && server.sockets.size === 0)
  })
})

/** A port whose connections are never made: it listens in a process that is stopped, and nobody takes them off its list. */
class BlackHole implements AsyncDisposable {
  readonly port: number
  readonly #close: () => Promise<void>

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port
    this.#close = close
  }

  static async open(): Promise<BlackHole> {
    const program = `const server = require('net').createServer()
      server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port))`
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line]: unknown[] = await once(child.stdout, 'data')
    const port = Number(line)
    child.kill('SIGSTOP')
    // The kernel makes a few connections by itself, as many as the list has room for.
    const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}))
    await until(() => fillers.some(({ connecting }) => !connecting))
    return new BlackHole(port, async () => {
      for (const filler of fillers) filler.destroy()
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close()
  }
}
