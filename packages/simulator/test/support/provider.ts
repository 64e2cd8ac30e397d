/** A provider on Node's own HTTP/2 client: what the simulator is tested with. */
import { createPrivateKey, sign } from 'node:crypto'
import { once } from 'node:events'
import http2, { type ClientHttp2Session, type OutgoingHttpHeaders, type Settings } from 'node:http2'
import {
  type ProviderCredentials,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '@apns-worker/simulator'

export const TOKEN = 'ab'.repeat(32)
export const TOPIC = 'com.example.app'

export interface Reply {
  readonly status: number | undefined
  readonly reason: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
  /** Code of RST_STREAM, 0 without. */
  readonly code: number
}

export interface GoAway {
  readonly code: number
  readonly lastStreamId: number
  readonly debugData: string
}

export interface TokenOptions {
  /** Seconds since 1970; default now. */
  readonly iat?: unknown
  readonly header?: object
  readonly claims?: object
  readonly dsaEncoding?: 'der' | 'ieee-p1363'
}

/** A provider token, right in every way that the options do not change. */
export function providerToken(credentials: ProviderCredentials, options: TokenOptions = {}): string {
  const { iat = Math.floor(Date.now() / 1000), dsaEncoding = 'ieee-p1363' } = options
  const header = { alg: 'ES256', kid: credentials.keyId, ...options.header }
  const claims = { iss: credentials.teamId, iat, ...options.claims }
  const signed = `${encode(header)}.${encode(claims)}`
  const key = { key: createPrivateKey(credentials.key), dsaEncoding }
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
}

export class Provider {
  readonly session: ClientHttp2Session
  readonly goAways: GoAway[] = []
  readonly settings: Settings[] = []
  readonly #headers: OutgoingHttpHeaders
  readonly #closed: Promise<void>

  constructor(session: ClientHttp2Session, headers: OutgoingHttpHeaders) {
    this.session = session
    this.#headers = headers
    session.on('error', () => undefined)
    // Not `once`, which would reject when the connection ends with an error.
    this.#closed = new Promise((resolve) => session.once('close', () => resolve()))
    session.on('remoteSettings', (settings) => this.settings.push(settings))
    session.on('goaway', (code, lastStreamId, data) => {
      this.goAways.push({ code, lastStreamId, debugData: data?.toString() ?? '' })
    })
  }

  /** Sends one notification. A header of undefined leaves out what would be sent by default. */
  send(
    token = TOKEN,
    headers: OutgoingHttpHeaders = {},
    body: string | Buffer = '{"aps":{}}',
  ): Promise<Reply> {
    const merged = { ':method': 'POST', ':path': `/3/device/${token}`, ...this.#headers, ...headers }
    const present = Object.entries(merged).filter(([, value]) => value !== undefined)
    // Node ends a GET by itself, whatever is said.
    const stream = this.session.request(Object.fromEntries(present), { endStream: body === '' })
    if (body !== '') stream.end(body)
    return new Promise((resolve) => {
      let received: Record<string, unknown> = {}
      let text = ''
      stream.setEncoding('utf8')
      stream.on('response', (response) => {
        received = { ...response }
      })
      stream.on('data', (chunk: string) => {
        text += chunk
      })
      stream.on('error', () => undefined)
      stream.on('close', () => resolve(toReply(received, text, stream.rstCode ?? 0)))
    })
  }

  /** Resolves when the connection is no more. */
  closed(): Promise<void> {
    return this.#closed
  }
}

export interface Lab {
  readonly apns: Simulator
  /** A connection that sends a good provider token and topic. */
  connect(credentials?: ProviderCredentials): Promise<Provider>
  /** A connection that sends nothing by itself. */
  connectBare(options?: http2.SecureClientSessionOptions): Promise<Provider>
}

/** Runs a test against a simulator and closes everything behind it. */
export async function withSimulator(
  options: SimulatorOptions,
  test: (lab: Lab) => Promise<void>,
): Promise<void> {
  const apns = await startSimulator(options)
  const providers: Provider[] = []
  const open = async (headers: OutgoingHttpHeaders, tls: http2.SecureClientSessionOptions = {}) => {
    const session = http2.connect(`https://${apns.host}:${apns.port}`, { ca: apns.ca, ...tls })
    const provider = new Provider(session, headers)
    providers.push(provider)
    await once(session, 'remoteSettings')
    return provider
  }
  const now = options.now ?? Date.now
  try {
    await test({
      apns,
      connect: (credentials = apns.credentials) =>
        open({
          authorization: `bearer ${providerToken(credentials, { iat: Math.floor(now() / 1000) })}`,
          'apns-topic': TOPIC,
          'apns-push-type': 'alert',
        }),
      connectBare: (tls) => open({}, tls),
    })
  } finally {
    for (const { session } of providers) session.destroy()
    await apns.close()
  }
}

function toReply(headers: Record<string, unknown>, body: string, code: number): Reply {
  const status = headers[':status']
  return {
    status: typeof status === 'number' ? status : undefined,
    reason: reasonIn(body),
    headers,
    body,
    code,
  }
}

function reasonIn(body: string): string | undefined {
  try {
    const { reason } = JSON.parse(body) as { reason?: string } // The simulator's own JSON.
    return reason
  } catch {
    return undefined
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
