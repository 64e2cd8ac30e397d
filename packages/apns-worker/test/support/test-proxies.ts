import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { LOCALHOST } from './test-identity.js'
import { TestServer } from './test-servers.js'

export interface Login {
  readonly username: string
  readonly password: string
}

/** How a proxy behaves; what it does may change while it runs. */
export interface ProxyRules {
  /** Whom it lets through; undefined for anybody. */
  login: Login | undefined
  /** What it answers instead of opening a tunnel: an HTTP status, or a SOCKS reply. */
  refusal: number | undefined
}

/** A name that only these proxies know: they take it for this machine. */
export const NAME_AT_PROXY = 'apns.test'

/** A proxy that works, and remembers where it was asked to go. */
export class TestProxy implements AsyncDisposable {
  /** Without user and password. */
  readonly url: string
  readonly rules: ProxyRules
  /** `host:port`, as the client said it. */
  readonly destinations: string[] = []
  /** Logins that were tried. */
  readonly logins: Login[] = []
  readonly server: TestServer

  constructor(scheme: string, server: TestServer, rules: ProxyRules) {
    this.url = `${scheme}://127.0.0.1:${server.environment.port}`
    this.server = server
    this.rules = rules
  }

  /** With user and password, percent-encoded. */
  urlFor({ username, password }: Login): string {
    return this.url.replace('//', `//${encodeURIComponent(username)}:${encodeURIComponent(password)}@`)
  }

  admits(login: Login | undefined): boolean {
    if (login !== undefined) this.logins.push(login)
    const { login: right } = this.rules
    return right === undefined || (login?.username === right.username && login.password === right.password)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]()
  }
}

export interface StartOptions extends Partial<ProxyRules> {
  readonly port?: number
}

/** A proxy that answers CONNECT, on Node's HTTP server; with TLS to itself where the scheme is `https`. */
export async function startConnectProxy(
  options: StartOptions = {},
  scheme: 'http' | 'https' = 'http',
): Promise<TestProxy> {
  const server = scheme === 'https' ? createHttpsServer(LOCALHOST) : createHttpServer()
  const proxy = await startProxy(scheme, server, options)
  server.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    client.on('error', () => {})
    const refuse = (status: number, field = ''): void => {
      client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${field}Content-Length: 2\r\n\r\nno`)
    }
    const { url = '', headers } = request
    proxy.destinations.push(url)
    if (headers.host !== url) refuse(400)
    else if (!proxy.admits(basicLogin(headers['proxy-authorization']))) {
      refuse(407, 'Proxy-Authenticate: Basic realm="proxy"\r\n')
    } else if (proxy.rules.refusal !== undefined) refuse(proxy.rules.refusal)
    else {
      const { hostname, port } = new URL(`tcp://${url}`)
      join(client, hostname, Number(port), (onward) => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        onward.write(head)
      })
    }
  })
  return proxy
}

/** A SOCKS5 proxy (RFC 1928, RFC 1929). */
export async function startSocksProxy(options: StartOptions = {}): Promise<TestProxy> {
  const server = createServer()
  const proxy = await startProxy('socks5', server, options)
  server.on('connection', (client) => {
    speakSocks(proxy, client).catch(() => client.destroy())
  })
  return proxy
}

async function startProxy(scheme: string, server: Server, options: StartOptions): Promise<TestProxy> {
  const { login, refusal, port } = options
  return new TestProxy(scheme, await TestServer.listen(server, LOCALHOST.cert, port), { login, refusal })
}

async function speakSocks(proxy: TestProxy, client: Socket): Promise<void> {
  const take = (count: number): Promise<Buffer> => takeBytes(client, count)
  const takeText = async (): Promise<string> => String(await take((await take(1)).readUInt8()))
  const [, methodCount = 0] = await take(2)
  const methods = [...(await take(methodCount))]
  let login: Login | undefined
  if (proxy.rules.login !== undefined && methods.includes(2)) {
    client.write(Buffer.of(5, 2))
    await take(1)
    login = { username: await takeText(), password: await takeText() }
    client.write(Buffer.of(1, proxy.admits(login) ? 0 : 1))
  } else {
    client.write(Buffer.of(5, proxy.admits(undefined) ? 0 : 0xff))
  }
  const [, , , type] = await take(4)
  const host = type === 3 ? await takeText() : [...(await take(type === 1 ? 4 : 16))].join('.')
  const port = (await take(2)).readUInt16BE()
  proxy.destinations.push(`${host}:${port}`)
  if (proxy.rules.refusal !== undefined) {
    client.end(Buffer.of(5, proxy.rules.refusal))
    return
  }
  join(client, host, port, () => client.write(Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)))
}

async function takeBytes(socket: Socket, count: number): Promise<Buffer> {
  if (count === 0) return Buffer.alloc(0)
  for (;;) {
    const bytes: Buffer | null = socket.read(count)
    if (bytes !== null) return bytes
    await once(socket, 'readable')
  }
}

function basicLogin(field: string | undefined): Login | undefined {
  const parts = /^Basic (?<code>.+)$/.exec(field ?? '')?.groups
  if (parts === undefined) return undefined
  const [username = '', ...rest] = Buffer.from(parts['code'] ?? '', 'base64')
    .toString()
    .split(':')
  return { username, password: rest.join(':') }
}

/** Connects the two ends; one that goes takes the other with it. */
function join(client: Socket, host: string, port: number, opened: (onward: Socket) => void): void {
  const onward = connect(port, host === NAME_AT_PROXY ? '127.0.0.1' : host)
  onward.once('connect', () => {
    opened(onward)
    client.pipe(onward).pipe(client)
  })
  for (const [one, other] of [
    [client, onward],
    [onward, client],
  ] as const) {
    one.on('error', () => {})
    one.on('close', () => other.destroy())
  }
}
