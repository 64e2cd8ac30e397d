import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { proxyFor } from '#src/net/proxy/proxy-option.js'
import { secureContextOf } from '#src/net/secure-context.js'
import type { TlsTarget } from '#src/net/tls-connect.js'
import { TlsConnection } from '#src/net/tls-connection.js'
import { failOnLeaks } from '../support/leaks.js'
import { LOCALHOST } from '../support/test-identity.js'
import { startConnectProxy } from '../support/test-proxies.js'
import { startTlsServer } from '../support/test-servers.js'
import { until as untilTrue, within } from '../support/within.js'

failOnLeaks()

/** What a connection told, in the order in which it did; whoever hears a failure destroys it, as it asks. */
function listen(target: Partial<TlsTarget> & Pick<TlsTarget, 'host' | 'port'>): {
  readonly connection: TlsConnection
  readonly told: string[]
  /** Resolves when it has told this. */
  readonly until: (event: string) => Promise<void>
} {
  const told: string[] = []
  let changed = (): void => {}
  const tell = (event: string): void => {
    told.push(event)
    changed()
  }
  const whole: TlsTarget = {
    servername: undefined,
    secureContext: secureContextOf(LOCALHOST.cert),
    proxy: undefined,
    ...target,
  }
  const connection = new TlsConnection(whole, 'http2', {
    secured: () => tell('secured'),
    received: (chunk) => tell(`received ${String(chunk)}`),
    drained: () => tell('drained'),
    ended: () => tell('ended'),
    failed(error) {
      tell(`failed: ${error.message}`)
      connection.destroy()
    },
    closed: () => tell('closed'),
  })
  const until = (event: string): Promise<void> =>
    within(
      new Promise((resolve) => {
        changed = () => {
          if (told.includes(event)) resolve()
        }
        changed()
      }),
      () => JSON.stringify(told),
    )
  return { connection, told, until }
}

describe('a TLS connection', () => {
  const SERVERNAMES: readonly (readonly [
    host: string,
    servername: string | undefined,
    sni: string | false,
  ])[] = [
    ['localhost', undefined, 'localhost'],
    ['127.0.0.1', undefined, false],
    ['127.0.0.1', 'localhost', 'localhost'],
  ]
  for (const [host, servername, sni] of SERVERNAMES) {
    it(`to ${host}, with ${servername ?? 'no other name'}, says ${sni || 'nothing'} in SNI`, async () => {
      let heard: string | false | null | undefined
      await using server = await startTlsServer((socket) => {
        heard = socket.servername
        socket.resume()
      })
      const { connection, until } = listen({ host, servername, port: server.environment.port ?? 0 })
      await until('secured')
      // The server is the last to know.
      await untilTrue(() => heard !== undefined)
      connection.end()
      await until('closed')
      assert.equal(heard, sni)
    })
  }

  for (const isProxied of [false, true]) {
    it(`${isProxied ? 'in a tunnel ' : ''}tells what happens, in order, and its end last and once`, async () => {
      await using server = await startTlsServer((socket) => {
        socket.on('data', (chunk: Buffer) => socket.end(`you said ${String(chunk)}`))
      })
      await using proxy = await startConnectProxy()
      const destination = { host: '127.0.0.1', port: server.environment.port ?? 0 }
      const { connection, told, until } = listen({
        ...destination,
        proxy: isProxied ? proxyFor(proxy.url, destination) : undefined,
      })
      const { place } = connection
      const from = `127.0.0.1:${destination.port}`
      const through = `${from} through the proxy ${proxy.url}`
      assert.equal(place, isProxied ? `${through}, which can not be reached,` : from)
      await until('secured')
      assert.equal(connection.place, isProxied ? through : from)
      assert.equal(connection.needsDrain, false)
      connection.write(Buffer.from('hello'), () => {})
      await until('ended')
      connection.end()
      await within(connection.whenClosed(), () => 'it is open')
      await within(connection.whenClosed(), () => 'it is open, the second time')
      await until('closed')
      assert.deepEqual(told, ['secured', 'received you said hello', 'ended', 'closed'])
    })
  }

  it('to a server that does not speak the protocol fails, whichever way', async () => {
    await using server = await startTlsServer((socket) => socket.resume(), { ALPNProtocols: [] })
    await using proxy = await startConnectProxy()
    const destination = { host: '127.0.0.1', port: server.environment.port ?? 0 }
    for (const way of [undefined, proxyFor(proxy.url, destination)]) {
      const { told, until } = listen({ ...destination, proxy: way })
      await until('closed')
      assert.deepEqual(told, ['failed: the server does not speak HTTP/2', 'closed'])
    }
  })

  for (const how of ['end', 'destroy'] as const) {
    it(`tells nothing but its end when it is ended (${how}) before there is a tunnel`, async () => {
      await using proxy = await startConnectProxy()
      const destination = { host: '127.0.0.1', port: 9 }
      const { connection, told, until } = listen({ ...destination, proxy: proxyFor(proxy.url, destination) })
      connection[how]()
      await until('closed')
      await within(connection.whenClosed(), () => 'it is open')
      assert.deepEqual(told, ['closed'])
    })
  }
})
