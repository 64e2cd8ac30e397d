import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { ProxyError } from '#src/net/proxy/proxy-error.js'
import { ProxyServer } from '#src/net/proxy/proxy-server.js'
import { openTunnel } from '#src/net/proxy/tunnel.js'
import { failOnLeaks } from '../support/leaks.js'
import { LOCALHOST } from '../support/test-identity.js'
import { startTcpServer, startTlsServer, type TestServer } from '../support/test-servers.js'
import { within } from '../support/within.js'

failOnLeaks()

const DESTINATION = { host: 'apns.test', port: 443 }

/** How the opening of a tunnel ends: the socket, once what is in it was read to its end; or the error. */
function tunnelThrough(
  url: string,
): Promise<{ readonly socket: Socket; readonly content: string } | ProxyError> {
  return within(
    new Promise((resolve) => {
      const returned = openTunnel(new ProxyServer(url, 'proxy', LOCALHOST.cert), DESTINATION, {
        opened(socket) {
          assert.equal(socket, returned)
          let content = ''
          socket.setEncoding('latin1').on('data', (text: string) => {
            content += text
          })
          socket.on('end', () => resolve({ socket, content })).resume()
        },
        failed(error) {
          assert.ok(returned.destroyed)
          resolve(error)
        },
      })
    }),
    () => 'neither opened nor failed',
  )
}

const urlOf = ({ environment }: TestServer, scheme: string, host = '127.0.0.1'): string =>
  `${scheme}://${host}:${environment.port}`

describe('a tunnel', () => {
  it('gives everything that came behind the answer, in order, and nothing before', async () => {
    await using server = await startTcpServer((client) => {
      client.once('data', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\nfirst,')
        setImmediate(() => client.end(' second'))
      })
    })
    const tunnel = await tunnelThrough(urlOf(server, 'http'))
    assert.ok(!(tunnel instanceof ProxyError))
    assert.equal(tunnel.content, 'first, second')
  })

  it('that is refused leaves no socket', async () => {
    await using server = await startTcpServer((client) => {
      client.once('data', () => client.write('HTTP/1.1 503 No\r\n\r\n'))
    })
    const error = await tunnelThrough(urlOf(server, 'http'))
    assert.ok(error instanceof ProxyError)
    assert.equal(error.code, 'PROXY_REFUSED')
    assert.match(
      error.message,
      /^the proxy http:\/\/127\.0\.0\.1:\d+ answered 503 to CONNECT apns\.test:443: /,
    )
  })

  it('inside TLS names the proxy in SNI, and says HTTP/1.1', async () => {
    const heard: unknown[] = []
    await using server = await startTlsServer(
      (client) => {
        heard.push(client.servername, client.alpnProtocol)
        client.once('data', () => client.end('HTTP/1.1 200 OK\r\n\r\ninside'))
      },
      { ALPNProtocols: ['h2', 'http/1.1'] },
    )
    for (const host of ['localhost', '127.0.0.1']) {
      const tunnel = await tunnelThrough(urlOf(server, 'https', host))
      assert.ok(!(tunnel instanceof ProxyError), String(tunnel))
      assert.equal(tunnel.content, 'inside')
    }
    assert.deepEqual(heard, ['localhost', 'http/1.1', false, 'http/1.1'])
  })
})
