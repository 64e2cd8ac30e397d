import { isIPv6 } from 'node:net'
import type { SecureContext } from 'node:tls'
import { domainToASCII } from 'node:url'
import { type CertificateAuthorities, secureContextOf } from '../secure-context.js'
import { type Destination, tunnelDestination } from './destination.js'
import { HttpConnect } from './http-connect.js'
import { MAX_SOCKS_STRING_BYTES, Socks5 } from './socks5.js'
import type { ProxyCredentials, TunnelHandshake } from './tunnel-handshake.js'

export type ProxyScheme = 'http' | 'https' | 'socks5'

/** Those of the schemes themselves, and what is registered for SOCKS. */
const DEFAULT_PORTS: Readonly<Record<ProxyScheme, number>> = { http: 80, https: 443, socks5: 1080 }

/** `socks5h` is how some programs say that the proxy looks up names, which it always does here. */
const SCHEMES: Readonly<Record<string, ProxyScheme>> = {
  'http:': 'http',
  'https:': 'https',
  'socks5:': 'socks5',
  'socks5h:': 'socks5',
}

/** A proxy, and what to say to it. Its user and password are in no field that could be printed. */
export class ProxyServer {
  readonly scheme: ProxyScheme
  readonly host: string
  readonly port: number
  /** Whom to trust for TLS to an `https` proxy. */
  readonly secureContext: SecureContext | undefined
  readonly #credentials: ProxyCredentials | undefined

  /**
   * @param source what the URL is called where it comes from, for errors; they never repeat the URL itself
   * @param ca whom to trust, where it is an `https` proxy; default: whom Node trusts
   * @throws {TypeError} saying what is wrong with the URL
   */
  constructor(url: string | URL, source: string, ca: CertificateAuthorities | undefined) {
    const parsed = parse(url, source)
    const scheme = SCHEMES[parsed.protocol]
    if (scheme === undefined) throw new TypeError(`${source} is for no known kind of proxy; ${EXPECTED}`)
    this.scheme = scheme
    this.host = hostOf(parsed, source)
    this.port = parsed.port === '' ? DEFAULT_PORTS[scheme] : Number(parsed.port)
    if (this.port === 0) throw new TypeError(`${source} has port 0; ${EXPECTED}`)
    if (!/^\/?$/.test(parsed.pathname) || parsed.search !== '' || parsed.hash !== '') {
      throw new TypeError(`${source} has something behind the port; ${EXPECTED}. ${PERCENT}`)
    }
    this.#credentials = credentialsOf(parsed, scheme, source)
    this.secureContext = scheme === 'https' ? secureContextOf(ca, {}, 'proxy.ca') : undefined
  }

  /** Its URL, without user and password. */
  get name(): string {
    return `${this.scheme}://${isIPv6(this.host) ? `[${this.host}]` : this.host}:${this.port}`
  }

  /**
   * What is said to it for one tunnel.
   *
   * @throws {TypeError} for a destination that no proxy can be asked for
   */
  handshake(to: Destination): TunnelHandshake {
    const destination = tunnelDestination(to)
    return this.scheme === 'socks5'
      ? new Socks5(destination, this.#credentials)
      : new HttpConnect(destination, this.#credentials)
  }
}

const EXPECTED =
  'give http://, https:// or socks5:// with host and port, such as http://user:password@proxy.example:3128'
const PERCENT = 'Special characters in user and password are percent-encoded: / is %2F, @ is %40, % is %25'

function parse(url: string | URL, source: string): URL {
  const text = String(url)
  // Not by catching what URL throws: it quotes the password.
  if (!URL.canParse(text)) throw new TypeError(`${source} is no URL of a proxy; ${EXPECTED}. ${PERCENT}`)
  return new URL(text)
}

function hostOf({ hostname }: URL, source: string): string {
  if (hostname.startsWith('[')) return hostname.slice(1, -1)
  // URL leaves the host as it is where it does not know the scheme.
  const name = domainToASCII(decoded(hostname, source))
  if (name === '') throw new TypeError(`${source} names no host; ${EXPECTED}`)
  return name
}

function credentialsOf(
  { username, password }: URL,
  scheme: ProxyScheme,
  source: string,
): ProxyCredentials | undefined {
  if (username === '' && password === '') return undefined
  const credentials = { username: decoded(username, source), password: decoded(password, source) }
  if (scheme === 'socks5') {
    const longest = Math.max(Buffer.byteLength(credentials.username), Buffer.byteLength(credentials.password))
    if (longest > MAX_SOCKS_STRING_BYTES) {
      throw new TypeError(
        `the user or password in ${source} is longer than SOCKS can say, ${MAX_SOCKS_STRING_BYTES} bytes`,
      )
    }
  } else if (credentials.username.includes(':')) {
    // RFC 7617 section 2.
    throw new TypeError(`the user in ${source} has a colon, which HTTP's Basic authentication can not say`)
  }
  return credentials
}

function decoded(text: string, source: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TypeError(`${source} is not well encoded. ${PERCENT}`)
  }
}
