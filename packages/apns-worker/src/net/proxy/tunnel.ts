import { isIP, connect as netConnect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { isTlsRefusal } from '../tls-refusal.js'
import type { Destination } from './destination.js'
import { ProxyError, type ProxyErrorCode } from './proxy-error.js'
import type { ProxyServer } from './proxy-server.js'

/** Hears how the opening of a tunnel ends; one of the two is called, once, unless the socket is destroyed before. */
export interface TunnelListener {
  /** Whatever is written to the socket from now on goes to the destination; its data are still to be read. */
  opened(socket: Socket): void
  failed(error: ProxyError): void
}

/**
 * Opens a way through a proxy, which looks up the destination's name.
 *
 * @returns the socket to the proxy, which the caller owns: it bounds the time, may destroy it, and must listen for errors
 *   once the tunnel is open
 */
export function openTunnel(proxy: ProxyServer, destination: Destination, listener: TunnelListener): Socket {
  const handshake = proxy.handshake(destination)
  const socket = connectToProxy(proxy)
  const fail = (code: ProxyErrorCode, what: string, cause?: unknown): void => {
    stopListening()
    socket.destroy()
    listener.failed(new ProxyError(code, `the proxy ${proxy.name} ${what}`, cause))
  }
  const onError = (error: Error): void => {
    if (isTlsRefusal(error)) fail('PROXY_TLS', `has failed the TLS handshake: ${error.message.trim()}`, error)
    else fail('PROXY_UNREACHABLE', `could not be reached: ${error.message}`, error)
  }
  const onEnd = (): void => fail('PROXY_UNREACHABLE', 'closed the connection before the tunnel was open')
  const onData = (chunk: Buffer): void => {
    const step = handshake.receive(chunk)
    switch (step.kind) {
      case 'more':
        if (step.send !== undefined) socket.write(step.send)
        break
      case 'open':
        stopListening()
        socket.pause()
        if (step.rest.length > 0) socket.unshift(step.rest)
        listener.opened(socket)
        break
      case 'failed':
        fail(step.code, step.what)
        break
      default:
        step satisfies never
    }
  }
  const onConnect = (): void => {
    socket.write(handshake.greeting())
  }
  const connected = proxy.scheme === 'https' ? 'secureConnect' : 'connect'
  const stopListening = (): void => {
    socket.off(connected, onConnect).off('data', onData)
    socket.off('end', onEnd).off('error', onError)
  }
  socket.once(connected, onConnect).on('data', onData)
  socket.on('end', onEnd).on('error', onError)
  return socket
}

function connectToProxy({ scheme, host, port, secureContext }: ProxyServer): Socket {
  // Nothing but HTTP/1.1 is spoken to it: a proxy that offers HTTP/2 as well has to know.
  const socket =
    scheme === 'https'
      ? tlsConnect({
          host,
          port,
          ALPNProtocols: ['http/1.1'],
          ...(secureContext === undefined ? {} : { secureContext }),
          ...(isIP(host) === 0 ? { servername: host } : {}),
        })
      : netConnect({ host, port })
  return socket.setNoDelay(true)
}
