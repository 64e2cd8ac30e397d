import { isIP, isIPv4 } from 'node:net'
import type { Destination } from './destination.js'
import {
  failed,
  type HandshakeStep,
  MORE,
  type ProxyCredentials,
  type TunnelHandshake,
} from './tunnel-handshake.js'

/** Names, users and passwords have a length of one byte. */
export const MAX_SOCKS_STRING_BYTES = 255

const VERSION = 5
const METHOD = { none: 0, userPassword: 2, noneAcceptable: 0xff } as const
/** RFC 1929 counts for itself. */
const USER_PASSWORD_VERSION = 1
const CONNECT = 1
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const
const IPV4_BYTES = 4
const IPV6_BYTES = 16
const PORT_BYTES = 2
/** VER, REP, RSV, ATYP. */
const REPLY_HEAD_BYTES = 4

/** RFC 1928 section 6. */
const REPLIES: Readonly<Record<number, string>> = {
  1: 'it failed',
  2: 'its rules do not allow this destination',
  3: 'the network is unreachable from it',
  4: 'the destination is unreachable from it, or its name unknown there',
  5: 'the destination refused the connection',
  6: 'the connection took too long (TTL expired)',
  7: 'it does not know the command CONNECT',
  8: 'it does not know this type of address',
}

/** SOCKS version 5 (RFC 1928), with user and password (RFC 1929). A name is looked up by the proxy, never here. */
export class Socks5 implements TunnelHandshake {
  readonly #destination: Destination
  readonly #credentials: ProxyCredentials | undefined
  #received: Buffer = Buffer.alloc(0)
  #expects: 'method' | 'userPassword' | 'reply' = 'method'

  constructor(destination: Destination, credentials: ProxyCredentials | undefined) {
    this.#destination = destination
    this.#credentials = credentials
  }

  greeting(): Uint8Array {
    const methods = this.#credentials === undefined ? [METHOD.none] : [METHOD.none, METHOD.userPassword]
    return Uint8Array.of(VERSION, methods.length, ...methods)
  }

  receive(chunk: Uint8Array): HandshakeStep {
    this.#received = Buffer.concat([this.#received, chunk])
    if (this.#received.length === 0) return MORE
    switch (this.#expects) {
      case 'method':
        return this.#method()
      case 'userPassword':
        return this.#userPassword()
      case 'reply':
        return this.#reply()
      default:
        return this.#expects satisfies never
    }
  }

  #method(): HandshakeStep {
    const [version, method] = this.#received
    if (version !== VERSION) return this.#wrongVersion(version)
    if (method === undefined) return MORE
    this.#received = this.#received.subarray(2)
    if (method === METHOD.none) return this.#connect()
    if (method === METHOD.userPassword && this.#credentials !== undefined) {
      this.#expects = 'userPassword'
      return this.#send(userPasswordRequest(this.#credentials))
    }
    if (method === METHOD.noneAcceptable) {
      const refusal =
        this.#credentials === undefined
          ? 'wants a user and password, or another way to authenticate'
          : 'takes neither no authentication nor a user and password'
      return failed('PROXY_CREDENTIALS', refusal)
    }
    return failed('PROXY_BAD_ANSWER', `chose a way to authenticate that was not offered (${method})`)
  }

  #userPassword(): HandshakeStep {
    const [version, status] = this.#received
    if (version !== USER_PASSWORD_VERSION) {
      return failed('PROXY_BAD_ANSWER', `answered the user and password in version ${version}, not 1`)
    }
    if (status === undefined) return MORE
    this.#received = this.#received.subarray(2)
    return status === 0
      ? this.#connect()
      : failed('PROXY_CREDENTIALS', 'does not take this user and password')
  }

  #connect(): HandshakeStep {
    this.#expects = 'reply'
    return this.#send(connectRequest(this.#destination))
  }

  /** What came before it was due would be answered by nothing. */
  #send(send: Uint8Array): HandshakeStep {
    return this.#received.length === 0
      ? { kind: 'more', send }
      : failed('PROXY_BAD_ANSWER', 'answered what it was not asked yet')
  }

  #reply(): HandshakeStep {
    const [version, reply, , type] = this.#received
    if (version !== VERSION) return this.#wrongVersion(version)
    if (reply === undefined) return MORE
    // There may be nothing behind a refusal.
    if (reply !== 0) {
      const words = REPLIES[reply] ?? 'for a reason that nobody knows'
      const { host, port } = this.#destination
      return failed('PROXY_REFUSED', `did not connect to ${host}:${port}: ${words} (SOCKS reply ${reply})`)
    }
    const length = this.#addressBytes(type)
    if (length === undefined) return MORE
    if (length === 'unknown') {
      return failed('PROXY_BAD_ANSWER', `answered with an unknown type of address (${type})`)
    }
    const end = REPLY_HEAD_BYTES + length + PORT_BYTES
    return this.#received.length < end ? MORE : { kind: 'open', rest: this.#received.subarray(end) }
  }

  /** The length of the address in a reply, which says nothing of interest. */
  #addressBytes(type: number | undefined): number | 'unknown' | undefined {
    switch (type) {
      case undefined:
        return undefined
      case ADDRESS.ipv4:
        return IPV4_BYTES
      case ADDRESS.ipv6:
        return IPV6_BYTES
      case ADDRESS.name: {
        const nameBytes = this.#received[REPLY_HEAD_BYTES]
        return nameBytes === undefined ? undefined : 1 + nameBytes
      }
      default:
        return 'unknown'
    }
  }

  #wrongVersion(version: number | undefined): HandshakeStep {
    const hint = version === 'H'.charCodeAt(0) ? ', but perhaps HTTP: is it an http:// proxy?' : ''
    return failed('PROXY_BAD_ANSWER', `answered with what is not SOCKS version 5${hint}`)
  }
}

function userPasswordRequest({ username, password }: ProxyCredentials): Uint8Array {
  return Buffer.concat([Uint8Array.of(USER_PASSWORD_VERSION), withLength(username), withLength(password)])
}

function connectRequest({ host, port }: Destination): Uint8Array {
  const portBytes = Buffer.alloc(PORT_BYTES)
  portBytes.writeUInt16BE(port)
  return Buffer.concat([Uint8Array.of(VERSION, CONNECT, 0), addressOf(host), portBytes])
}

function addressOf(host: string): Uint8Array {
  if (isIP(host) === 0) return Buffer.concat([Uint8Array.of(ADDRESS.name), withLength(host)])
  if (isIPv4(host)) return Uint8Array.of(ADDRESS.ipv4, ...host.split('.').map(Number))
  return Buffer.concat([Uint8Array.of(ADDRESS.ipv6), ipv6Bytes(host)])
}

function ipv6Bytes(address: string): Uint8Array {
  // In a URL, an address has nothing but hexadecimal groups, and `::` for the longest run of zeros.
  const { hostname } = new URL(`http://[${address}]`)
  const [before = [], after = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((groups) => (groups === '' ? [] : groups.split(':').map((group) => Number.parseInt(group, 16))))
  const bytes = Buffer.alloc(IPV6_BYTES)
  for (const [index, group] of before.entries()) bytes.writeUInt16BE(group, index * 2)
  const afterAt = IPV6_BYTES - after.length * 2
  for (const [index, group] of after.entries()) bytes.writeUInt16BE(group, afterAt + index * 2)
  return bytes
}

function withLength(text: string): Uint8Array {
  const bytes = Buffer.from(text)
  return Buffer.concat([Uint8Array.of(bytes.length), bytes])
}
