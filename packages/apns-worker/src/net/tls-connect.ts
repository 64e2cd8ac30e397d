import { isIP, type Socket } from 'node:net'
import { type ConnectionOptions, type SecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { hearLastWords } from './last-words.js'
import type { ProxyServer } from './proxy/proxy-server.js'

export type TlsProtocol = 'http2' | 'gateway'

/** Where to connect, which way, and as whom. */
export interface TlsTarget {
  readonly host: string
  readonly port: number
  /** The name in the server's certificate, where it is not the host's. */
  readonly servername: string | undefined
  readonly secureContext: SecureContext
  /** False where the server need not prove who it is; undefined leaves it to Node, which insists. */
  readonly rejectUnauthorized?: boolean | undefined
  /** Undefined for the direct way. */
  readonly proxy: ProxyServer | undefined
}

/** HTTP/2 over TLS (RFC 9113, section 3.2). */
const HTTP2_PROTOCOL = 'h2'

/**
 * Opens a TLS connection. The name is looked up anew each time, as Apple asks.
 *
 * @param protocol `http2` is negotiated (see {@link speaksHttp2}); the retired `gateway` protocol is older than that
 * @param through an open tunnel to the host, through a proxy
 */
export function connectTls(target: TlsTarget, protocol: TlsProtocol, through?: Socket): TLSSocket {
  const socket = tlsConnect(tlsOptions(target, protocol, through))
  hearLastWords(socket)
  return socket.setNoDelay(true)
}

/** What a connection to a target is opened with. */
export function tlsOptions(
  { host, port, servername = nameOf(host), secureContext, rejectUnauthorized }: TlsTarget,
  protocol: TlsProtocol,
  through: Socket | undefined,
): ConnectionOptions {
  return {
    host,
    port,
    secureContext,
    ...(through === undefined ? {} : { socket: through }),
    ...(protocol === 'http2' ? { ALPNProtocols: [HTTP2_PROTOCOL] } : {}),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  }
}

/** What is said in SNI, as HTTP/2 demands (RFC 9113 section 9.2); Node does not by itself. An address is no name. */
function nameOf(host: string): string | undefined {
  return isIP(host) === 0 ? host : undefined
}

/** Whether the other end agreed to speak HTTP/2. */
export function speaksHttp2(socket: TLSSocket): boolean {
  return socket.alpnProtocol === HTTP2_PROTOCOL
}
