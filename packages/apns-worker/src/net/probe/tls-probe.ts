import type { Socket } from 'node:net'
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import { hearLastWords } from '../last-words.js'
import { type TlsTarget, tlsOptions } from '../tls-connect.js'
import { abortable } from './abortable.js'

/** A certificate of the chain that the server showed. */
export interface ShownCertificate {
  /** Its common name, or whatever else names it. */
  readonly subject: string
  readonly issuer: string
  /** Undefined for what is no date. */
  readonly validTo: Date | undefined
}

/** What came of a TLS handshake. */
export interface TlsInspection {
  /** The caller destroys it. Nothing may be sent over it unless `distrust` is undefined. */
  readonly socket: TLSSocket
  /** As Node names it: `TLSv1.3`. */
  readonly version: string
  /** As OpenSSL names it: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string
  /** The application protocol that the server chose; undefined for none. */
  readonly protocol: string | undefined
  /** The server's certificate first; its issuers as far as they were shown or are known here. */
  readonly chain: readonly ShownCertificate[]
  /** Why the server is not to be trusted: a code of Node or OpenSSL. Undefined when it is. */
  readonly distrust: string | undefined
}

/** Longer chains than that are not made; a server may still show anything. */
const MAX_CHAIN_LENGTH = 10

/**
 * The same handshake as for a connection to APNs, but not given up over a certificate that is not trusted, since that
 * certificate is what there is to look at.
 *
 * @param through an open tunnel to the host
 * @throws what the socket says, with its `code`; the signal's reason
 */
export function inspectTls(
  target: TlsTarget,
  through: Socket | undefined,
  signal: AbortSignal,
): Promise<TlsInspection> {
  const socket = connect({ ...tlsOptions(target, 'http2', through), rejectUnauthorized: false })
  hearLastWords(socket)
  // Whoever reads from it hears of later errors by its end.
  socket.on('error', () => {})
  const giveUp = (): void => {
    socket.destroy()
  }
  return abortable(signal, giveUp, (resolve, reject) => {
    const onClose = (): void => reject(closedError())
    socket.once('close', onClose).once('error', reject)
    socket.once('secureConnect', () => {
      socket.off('close', onClose).off('error', reject)
      resolve(describe(socket.setNoDelay(true)))
    })
  })
}

function describe(socket: TLSSocket): TlsInspection {
  return {
    socket,
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    protocol: socket.alpnProtocol === false ? undefined : (socket.alpnProtocol ?? undefined),
    chain: chainOf(socket.getPeerCertificate(true)),
    // Node gives the code here, whatever its types say.
    distrust: socket.authorized ? undefined : String(socket.authorizationError),
  }
}

/** A root is its own issuer, for ever. */
function chainOf(leaf: DetailedPeerCertificate): ShownCertificate[] {
  const seen = new Set<DetailedPeerCertificate>()
  let certificate: DetailedPeerCertificate | undefined = leaf
  while (certificate?.raw !== undefined && !seen.has(certificate) && seen.size < MAX_CHAIN_LENGTH) {
    seen.add(certificate)
    certificate = certificate.issuerCertificate
  }
  return Array.from(seen, ({ subject, issuer, valid_to }) => ({
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    validTo: Number.isNaN(Date.parse(valid_to)) ? undefined : new Date(valid_to),
  }))
}

/** Node's types take for granted that every part is there. */
function nameOf({ CN, OU, O }: Partial<DetailedPeerCertificate['subject']>): string {
  return [CN ?? OU ?? O ?? 'a certificate without a name'].flat().join(', ')
}

function closedError(): Error {
  return Object.assign(new Error('the server closed the connection during the handshake'), {
    code: 'ECONNRESET',
  })
}
