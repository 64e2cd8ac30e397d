import { isIPv6 } from 'node:net'
import type { Destination } from './destination.js'
import {
  failed,
  type HandshakeStep,
  MORE,
  type ProxyCredentials,
  type TunnelHandshake,
} from './tunnel-handshake.js'

/** Longer heads are no answer to a CONNECT; Node's own HTTP parser stops at the same length. */
export const MAX_HEAD_BYTES = 16_384
export const MAX_HEAD_LINES = 128

const LINE_FEED = 10
const HTTP_1 = 'HTTP/1.'
/** Of a TLS record that holds an alert (RFC 8446 section 5.1): what a server of TLS says to plain text. */
const TLS_ALERT = 21
const STATUS_LINE = /^HTTP\/1\.\d ([1-9]\d{2})(?: |$)/
const SWITCHING_PROTOCOLS = 101
/** Proxy Authentication Required; and Unauthorized, which tinyproxy says of a wrong password. */
const CREDENTIALS_REFUSED: readonly number[] = [407, 401]

/** Only what is listed here is repeated from an answer: a proxy might send anything, the password included. */
const SCHEMES = ['Basic', 'Bearer', 'Digest', 'Kerberos', 'Negotiate', 'NTLM'] as const

const HINTS: Readonly<Record<number, string>> = {
  400: 'it may not open tunnels',
  403: 'it does not allow this destination',
  404: 'it may not open tunnels, or not know this destination',
  405: 'it does not open tunnels',
  429: 'it wants fewer of them',
  501: 'it does not open tunnels',
  502: 'it could not reach the destination',
  503: 'it is overloaded, or could not reach the destination',
  504: 'the destination did not answer it',
}

/** HTTP's CONNECT (RFC 9110 section 9.3.6), in HTTP/1.1 (RFC 9112). */
export class HttpConnect implements TunnelHandshake {
  readonly #authority: string
  readonly #credentials: ProxyCredentials | undefined
  #received: Buffer = Buffer.alloc(0)
  /** Where the line begins that is not complete yet. */
  #lineStart = 0
  /** Up to where no line ends. */
  #searched = 0
  /** The lines of this head so far. */
  #lines: string[] = []
  /** Those of the heads before it, too. */
  #lineCount = 0

  constructor({ host, port }: Destination, credentials: ProxyCredentials | undefined) {
    this.#authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`
    this.#credentials = credentials
  }

  greeting(): Uint8Array {
    const lines = [`CONNECT ${this.#authority} HTTP/1.1`, `Host: ${this.#authority}`]
    if (this.#credentials !== undefined) {
      const { username, password } = this.#credentials
      // RFC 7617 section 2.
      const userPass = Buffer.from(`${username}:${password}`).toString('base64')
      lines.push(`Proxy-Authorization: Basic ${userPass}`)
    }
    return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  }

  receive(chunk: Uint8Array): HandshakeStep {
    this.#received = Buffer.concat([this.#received, chunk])
    for (;;) {
      const lineEnd = this.#received.indexOf(LINE_FEED, this.#searched)
      this.#searched = lineEnd < 0 ? this.#received.length : lineEnd + 1
      if (this.#searched > MAX_HEAD_BYTES || this.#lineCount >= MAX_HEAD_LINES) {
        return failed('PROXY_BAD_ANSWER', 'answered CONNECT with a head that does not end')
      }
      if (lineEnd < 0) return this.#lines.length === 0 ? this.#checkBeginning() : MORE
      // RFC 9112 section 2.2 lets us take a bare LF for the end of a line.
      const line = this.#received.toString('latin1', this.#lineStart, lineEnd).replace(/\r$/, '')
      this.#lineStart = this.#searched
      this.#lineCount++
      const step = this.#line(line)
      if (step !== undefined) return step
    }
  }

  /** Fails as soon as it can be told that this is no HTTP. */
  #checkBeginning(): HandshakeStep {
    const beginning = this.#received.toString('latin1', this.#lineStart, this.#lineStart + HTTP_1.length)
    return HTTP_1.startsWith(beginning) ? MORE : this.#noHttp()
  }

  #noHttp(): HandshakeStep {
    const hint = this.#received[0] === TLS_ALERT ? ', but TLS: is it an https:// proxy?' : ''
    return failed('PROXY_BAD_ANSWER', `answered CONNECT with what is not HTTP/1.1${hint}`)
  }

  #line(line: string): HandshakeStep | undefined {
    if (this.#lines.length === 0 && !STATUS_LINE.test(line)) return this.#noHttp()
    if (line !== '') {
      this.#lines.push(line)
      return undefined
    }
    const [statusLine = '', ...fields] = this.#lines
    return this.#head(Number(STATUS_LINE.exec(statusLine)?.[1]), fields)
  }

  #head(status: number, fields: readonly string[]): HandshakeStep | undefined {
    if (status < 200 && status !== SWITCHING_PROTOCOLS) {
      // An interim response (RFC 9110 section 15.2): the answer is still to come.
      this.#lines = []
      return undefined
    }
    // A length or coding means nothing here (RFC 9110 section 9.3.6): the head is all there is.
    if (status >= 200 && status < 300) return { kind: 'open', rest: this.#received.subarray(this.#lineStart) }
    if (CREDENTIALS_REFUSED.includes(status)) return this.#credentialsRefused(status, fields)
    const hint = HINTS[status]
    return failed(
      'PROXY_REFUSED',
      `answered ${status} to CONNECT ${this.#authority}${hint === undefined ? '' : `: ${hint}`}`,
    )
  }

  #credentialsRefused(status: number, fields: readonly string[]): HandshakeStep {
    const offered = schemesIn(fields)
    const refusal =
      this.#credentials === undefined ? 'wants a user and password' : 'does not take this user and password'
    const limit =
      offered.length === 0 || offered.includes('Basic')
        ? ''
        : `; it asks for ${offered.join(' or ')} authentication, and only Basic is spoken here`
    return failed('PROXY_CREDENTIALS', `${refusal} (${status})${limit}`)
  }
}

/** The authentication schemes that the proxy asks for (RFC 9110 sections 11.7.1 and 11.6.1). */
function schemesIn(fields: readonly string[]): string[] {
  const challenges = fields.filter((field) => /^(proxy|www)-authenticate:/i.test(field)).join(',')
  // A scheme stands at the beginning, or behind a comma and not before an equals sign.
  return SCHEMES.filter((scheme) =>
    new RegExp(`[:,]\\s*${scheme}(?=\\s*$|\\s*,|\\s+[^\\s=])`, 'i').test(challenges),
  )
}
