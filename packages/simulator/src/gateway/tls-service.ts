import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import type { CertificateAuthority } from '../certificates.js'
import { presentedCertificate, refuseCertificate } from '../client-certificate.js'
import type { ResolvedGatewayOptions } from './options.js'

/** What happens at a service's door. */
export interface TlsServiceHandler {
  /** A client with a good certificate. Its errors are taken care of. */
  onConnection(socket: TLSSocket): void
  /** A client without one. */
  onRefused(): void
}

/** A TLS port for clients with a certificate of the authority, for the environment. */
export class TlsService {
  readonly #server: tls.Server
  /** Connections below TLS, and the TLS sockets on top of those that have finished their handshake. */
  readonly #sockets = new Set<Socket>()
  readonly #environment: 'sandbox' | 'production'
  readonly #handler: TlsServiceHandler

  constructor(
    authority: CertificateAuthority,
    { environment, maxTlsVersion }: ResolvedGatewayOptions,
    handler: TlsServiceHandler,
  ) {
    this.#environment = environment
    this.#handler = handler
    this.#server = tls.createServer({
      ...authority.serverCertificate(),
      ca: authority.certificate,
      minVersion: 'TLSv1.2',
      maxVersion: maxTlsVersion,
      requestCert: true,
      rejectUnauthorized: true,
    })
    this.#server.on('connection', (socket: Socket) => this.#keep(socket))
    this.#server.on('tlsClientError', () => handler.onRefused())
    this.#server.on('secureConnection', (socket) => this.#onSecureConnection(socket))
  }

  /** Starts to listen and returns the port. */
  async listen(port: number, host: string): Promise<number> {
    this.#server.listen(port, host)
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port // It listens on TCP, so this is no path.
  }

  /** Stops listening and cuts every connection. */
  async close(): Promise<void> {
    // The callback comes also when the server does not listen, then with an error.
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    // A TLS socket has closed somewhat later than the connection below it.
    const ended = [...this.#sockets].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    )
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all([closed, ...ended])
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  #onSecureConnection(socket: TLSSocket): void {
    // A client that misbehaves or vanishes is its own test's business; here the connection just ends.
    socket.on('error', () => undefined)
    this.#keep(socket)
    const certificate = presentedCertificate(socket)
    // Validity goes by real time, as in the handshake.
    if (certificate === undefined || refuseCertificate(certificate, this.#environment, Date.now())) {
      socket.destroy()
      this.#handler.onRefused()
      return
    }
    socket.setNoDelay(true)
    this.#handler.onConnection(socket)
  }
}
