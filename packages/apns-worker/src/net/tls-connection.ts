import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { openTunnel } from './proxy/tunnel.js'
import { connectTls, speaksHttp2, type TlsProtocol, type TlsTarget } from './tls-connect.js'

/** Hears what becomes of a connection. Nothing of it is called before the constructor has returned. */
export interface TlsListener {
  /**
   * The TLS handshake is done, and the other end speaks the protocol.
   *
   * @param version of TLS, as Node names it: `TLSv1.3`
   */
  secured(version: string | null): void
  /** The server gave a session ticket. */
  readonly ticketed?: () => void
  received(chunk: Buffer): void
  /** What was written has left, after it was too much. */
  drained(): void
  /** The other end will send no more. */
  ended(): void
  /** It broke, or never came about. Whoever hears it destroys it. */
  failed(error: Error): void
  /** The socket is gone. Called once, last. */
  closed(): void
}

/** How long an orderly end may take before the socket is destroyed. */
const FAREWELL_MS = 500

/**
 * A TLS connection: direct, or inside a tunnel that a proxy has opened. The client's certificate, and the check of the
 * server's, are between the two ends; a proxy has no part in them. Whoever makes one bounds the time it takes.
 *
 *     (tunnelling ──▶) handshaking ──▶ secured ──▶ closed
 */
export class TlsConnection {
  readonly #target: TlsTarget
  readonly #protocol: TlsProtocol
  readonly #listener: TlsListener
  /** To the proxy, until the tunnel is open; then the TLS socket. */
  #socket: Socket
  #isTunnelling: boolean

  constructor(target: TlsTarget, protocol: TlsProtocol, listener: TlsListener) {
    this.#target = target
    this.#protocol = protocol
    this.#listener = listener
    this.#isTunnelling = target.proxy !== undefined
    this.#socket = target.proxy === undefined ? this.#handshake() : this.#tunnel(target.proxy)
  }

  /** Where it leads, and how far it has come with a proxy: for messages about what did not happen in time. */
  get place(): string {
    const { host, port, proxy } = this.#target
    const destination = `${host}:${port}`
    if (proxy === undefined) return destination
    if (!this.#isTunnelling) return `${destination} through the proxy ${proxy.name}`
    const missing = this.#socket.connecting ? 'can not be reached' : 'has not opened a tunnel'
    return `${destination} through the proxy ${proxy.name}, which ${missing},`
  }

  /** Whether more was written than leaves at once. */
  get needsDrain(): boolean {
    return this.#socket.writableNeedDrain
  }

  /**
   * Only once it is secured.
   *
   * @param written called when the bytes are not needed any more, with an error if they did not leave
   * @returns whether there is room for more
   */
  write(bytes: Uint8Array, written: (error?: Error | null) => void): boolean {
    return this.#socket.write(bytes, written)
  }

  /** Whether it keeps the process alive. */
  setReferenced(referenced: boolean): void {
    if (referenced) this.#socket.ref()
    else this.#socket.unref()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** The orderly end: what was written leaves, if the other end takes it soon, and then the socket closes. */
  end(): void {
    const socket = this.#socket
    if (socket.destroyed) return
    if (this.#isTunnelling) {
      socket.destroy()
      return
    }
    socket.unref()
    socket.destroySoon()
    // An end that does not read would keep the last bytes, and the socket, for ever.
    setTimeout(() => socket.destroy(), FAREWELL_MS).unref()
  }

  /** Resolves when the socket is gone. */
  whenClosed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.closed) resolve()
      else this.#socket.once('close', () => resolve())
    })
  }

  #tunnel(proxy: NonNullable<TlsTarget['proxy']>): Socket {
    const socket = openTunnel(proxy, this.#target, {
      opened: (tunnel) => {
        this.#isTunnelling = false
        this.#socket = this.#handshake(tunnel)
      },
      failed: (error) => this.#listener.failed(error),
    })
    socket.once('close', () => {
      if (this.#isTunnelling) this.#listener.closed()
    })
    return socket
  }

  #handshake(tunnel?: Socket): TLSSocket {
    const listener = this.#listener
    const socket = connectTls(this.#target, this.#protocol, tunnel)
    socket.on('secureConnect', () => {
      if (this.#protocol === 'gateway' || speaksHttp2(socket)) listener.secured(socket.getProtocol())
      else listener.failed(notHttp2())
    })
    const { ticketed } = listener
    if (ticketed !== undefined) socket.on('session', () => ticketed())
    socket.on('data', (chunk: Buffer) => listener.received(chunk))
    socket.on('drain', () => listener.drained())
    socket.on('end', () => listener.ended())
    socket.on('error', (error: Error) => listener.failed(error))
    socket.on('close', () => listener.closed())
    return socket
  }
}

function notHttp2(): Error {
  return Object.assign(new Error('the server does not speak HTTP/2'), { code: 'ERR_HTTP2_NOT_SPOKEN' })
}
