import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import type { CertificateAuthority } from './certificates.js'
import type { BadCertificate, Conduct } from './connection-rule.js'
import { serverIdentity } from './server-identity.js'
import { resetTcp } from './tcp-reset.js'

/** A connection that has come through the TLS handshake. */
export interface Admission {
  /** Counted from 1, as TCP accepted them. */
  readonly number: number
  readonly socket: TLSSocket
  /** The TCP socket underneath. */
  readonly transport: Socket
  readonly conduct: Conduct
}

/** What a doorway asks and tells. */
export interface DoorwayOwner {
  /** How a connection that TCP has just accepted is to be treated. */
  conductOf(connection: number): Conduct
  admitted(admission: Admission): void
  /** A rule has ended a connection, or let it fall silent, before it came that far. */
  turnedAway(connection: number, why: string): void
}

/** A connection between TCP's accept and the end of the TLS handshake. */
interface Arrival {
  readonly number: number
  readonly transport: Socket
  readonly conduct: Conduct
}

/**
 * Where connections come in. TCP and TLS are kept apart, so that a connection can come to nothing at each stage, and be shown
 * another certificate.
 */
export class Doorway {
  readonly #authority: CertificateAuthority
  readonly #owner: DoorwayOwner
  readonly #listener: Server
  readonly #tlsServers = new Map<BadCertificate | undefined, tls.Server>()
  /** By the client's address and port, which is what both layers know. */
  readonly #arrivals = new Map<string, Arrival>()
  readonly #sockets = new Set<Socket>()
  #count = 0

  constructor(authority: CertificateAuthority, owner: DoorwayOwner) {
    this.#authority = authority
    this.#owner = owner
    this.#listener = createServer((socket) => this.#accepted(socket))
  }

  /** Starts to listen, and returns the port. */
  async listen(port: number, host: string): Promise<number> {
    this.#listener.listen(port, host)
    await once(this.#listener, 'listening')
    return (this.#listener.address() as AddressInfo).port // It listens on TCP, so this is no path.
  }

  /** Stops listening and destroys whatever is open. */
  async close(): Promise<void> {
    const closed = once(this.#listener, 'close')
    this.#listener.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #accepted(transport: Socket): void {
    this.#count += 1
    const number = this.#count
    const place = placeOf(transport)
    this.#sockets.add(transport)
    transport.on('error', () => undefined)
    transport.once('close', () => {
      this.#sockets.delete(transport)
      this.#arrivals.delete(place)
    })
    const conduct = this.#owner.conductOf(number)
    if (this.#isTurnedAway({ number, transport, conduct })) return
    this.#arrivals.set(place, { number, transport, conduct })
    // Documented by Node: this is how a connection is handed to a TLS server that does not listen itself.
    this.#tlsServer(conduct.certificate?.certificate).emit('connection', transport)
  }

  /** Whether TCP is as far as this one gets. */
  #isTurnedAway({ number, transport, conduct: { disconnect, blackHole } }: Arrival): boolean {
    if (disconnect !== undefined && disconnect.atByte === undefined && disconnect.atSentByte === undefined) {
      this.#owner.turnedAway(number, disconnect.name)
      if (disconnect.disconnect === 'reset') resetTcp(transport)
      else if (disconnect.disconnect === 'halfClose') transport.resume().end()
      else transport.destroy()
      return true
    }
    const stage = blackHole?.blackHole
    const isAtOnce = stage === true && blackHole?.atByte === undefined && blackHole?.atSentByte === undefined
    if (blackHole === undefined || !(isAtOnce || stage === 'tcp' || stage === 'tls')) return false
    this.#owner.turnedAway(number, blackHole.name)
    // Whoever does not read can not see the client go either.
    if (stage === 'tls') transport.resume()
    resetAfter(blackHole.for, transport)
    return true
  }

  #tlsServer(fault: BadCertificate | undefined): tls.Server {
    const known = this.#tlsServers.get(fault)
    if (known !== undefined) return known
    const server = tls.createServer({
      ...serverIdentity(this.#authority, fault, Date.now()),
      ca: this.#authority.certificate,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['h2'],
      // A certificate that we did not issue is refused in an answer, which says more than a TLS alert.
      requestCert: true,
      rejectUnauthorized: false,
    })
    server.on('secureConnection', (socket) => this.#secured(socket))
    this.#tlsServers.set(fault, server)
    return server
  }

  #secured(socket: TLSSocket): void {
    const arrival = this.#arrivals.get(placeOf(socket))
    // It may have gone meanwhile. A client without ALPN gets this far; APNs speaks HTTP/2 only.
    if (arrival === undefined || socket.alpnProtocol !== 'h2') {
      socket.destroy()
      return
    }
    const { number, transport, conduct } = arrival
    const { blackHole } = conduct
    if (blackHole?.blackHole === 'settings') {
      this.#owner.turnedAway(number, blackHole.name)
      socket.on('error', () => undefined).resume()
      resetAfter(blackHole.for, transport, socket)
      return
    }
    socket.setNoDelay(true)
    this.#owner.admitted({ number, socket, transport, conduct })
  }
}

function placeOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

function resetAfter(seconds: number | undefined, transport: Socket, above?: Socket): void {
  if (seconds === undefined) return
  const timer = setTimeout(() => resetTcp(transport, above), seconds * 1000)
  transport.once('close', () => clearTimeout(timer))
}
