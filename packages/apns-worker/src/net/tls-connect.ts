import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls'

/** Where to connect, and as whom. */
export interface TlsTarget {
  readonly host: string
  readonly port: number
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  readonly servername?: string | undefined
  /** The client's certificate and key, for certificate-based trust. */
  readonly identity?: Pick<ConnectionOptions, 'key' | 'cert' | 'pfx' | 'passphrase'> | undefined
}

/** HTTP/2 over TLS (RFC 9113, section 3.2). */
const HTTP2_PROTOCOL = 'h2'

/**
 * Opens a TLS connection for HTTP/2. The name is looked up anew each time, as Apple asks. Listen for `secureConnect`
 * and `error`; the caller owns the socket, and bounds the time it takes.
 */
export function connectTls(target: TlsTarget): TLSSocket {
  const options: ConnectionOptions = {
    ...target.identity,
    host: target.host,
    port: target.port,
    minVersion: 'TLSv1.2',
    ALPNProtocols: [HTTP2_PROTOCOL],
  }
  if (target.ca !== undefined) options.ca = caList(target.ca)
  // An address has no name to send (RFC 6066, section 3), and Node warns of one.
  if (target.servername !== undefined) options.servername = target.servername
  const socket = tlsConnect(options)
  socket.setNoDelay(true)
  return socket
}

/** Whether the other end agreed to speak HTTP/2. */
export function speaksHttp2(socket: TLSSocket): boolean {
  return socket.alpnProtocol === HTTP2_PROTOCOL
}

function caList(ca: NonNullable<TlsTarget['ca']>): (string | Buffer)[] {
  const list = typeof ca === 'string' || ca instanceof Uint8Array ? [ca] : ca
  return list.map((each) => (typeof each === 'string' ? each : Buffer.from(each)))
}

/**
 * Whether a failed connection is due to the configuration of either end, so that trying again would fail the same way:
 * certificates that are not trusted or not accepted, or a server that does not speak this protocol.
 */
export function isTlsRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false
  return CERTIFICATE_FAULT.test(error.code)
}

/** Codes of Node and OpenSSL for certificates that fail verification, and for alerts from the other end. */
const CERTIFICATE_FAULT =
  /CERT|ISSUER|^UNABLE_TO_|^ERR_SSL_.*(ALERT|WRONG_VERSION_NUMBER|UNSUPPORTED_PROTOCOL)|^INVALID_(CA|PURPOSE)|^ERR_HTTP2_NOT_SPOKEN$/
