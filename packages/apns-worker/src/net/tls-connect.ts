import { X509Certificate } from 'node:crypto'
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
  connect as tlsConnect,
} from 'node:tls'

/** Where to connect, and as whom. */
export interface TlsTarget {
  readonly host: string
  readonly port: number
  /** The name in the server's certificate, where it is not the host's. */
  readonly servername: string | undefined
  readonly secureContext: SecureContext
}

/** HTTP/2 over TLS (RFC 9113, section 3.2). */
const HTTP2_PROTOCOL = 'h2'

/**
 * Whom to trust and what to show, parsed once for all connections.
 *
 * @param ca certificate authorities in PEM; undefined for those that Node trusts
 * @param identity the client's certificate and key, for certificate-based trust
 * @throws {TypeError} when `ca` is not PEM
 */
export function secureContextOf(
  ca: string | Uint8Array | readonly (string | Uint8Array)[] | undefined,
  identity: Pick<SecureContextOptions, 'key' | 'cert' | 'pfx' | 'passphrase'> = {},
): SecureContext {
  const options: SecureContextOptions = { ...identity, minVersion: 'TLSv1.2' }
  try {
    if (ca !== undefined) options.ca = authoritiesFrom(ca)
    return createSecureContext(options)
  } catch (cause) {
    throw new TypeError(
      'environment.ca is not a certificate in PEM format; it takes the content of the file, not its path',
      { cause },
    )
  }
}

function authoritiesFrom(ca: string | Uint8Array | readonly (string | Uint8Array)[]): Buffer[] {
  const list = (typeof ca === 'string' || ca instanceof Uint8Array ? [ca] : ca).map((each) =>
    Buffer.from(each),
  )
  if (list.length === 0) throw new Error('the list is empty')
  // Node itself passes over what it can not read, and then trusts nobody.
  for (const authority of list) {
    if (!authority.includes('-----BEGIN ')) throw new Error('there is no PEM in it')
    new X509Certificate(authority)
  }
  return list
}

/**
 * Opens a TLS connection. The name is looked up anew each time, as Apple asks. Listen for `secureConnect` and `error`;
 * the caller owns the socket, and bounds the time it takes.
 *
 * @param protocol `http2` is negotiated (see {@link speaksHttp2}); the retired `gateway` protocol is older than that
 */
export function connectTls(
  { host, port, servername, secureContext }: TlsTarget,
  protocol: 'http2' | 'gateway',
): TLSSocket {
  const socket = tlsConnect({
    host,
    port,
    secureContext,
    ...(protocol === 'http2' ? { ALPNProtocols: [HTTP2_PROTOCOL] } : {}),
    ...(servername === undefined ? {} : { servername }),
  })
  socket.setNoDelay(true)
  return socket
}

/** Whether the other end agreed to speak HTTP/2. */
export function speaksHttp2(socket: TLSSocket): boolean {
  return socket.alpnProtocol === HTTP2_PROTOCOL
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
