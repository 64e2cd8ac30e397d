import type { Socket } from 'node:net'
import type { ProxyServer } from '../proxy/proxy-server.js'
import { openTunnel } from '../proxy/tunnel.js'
import type { TlsTarget } from '../tls-connect.js'
import { abortable } from './abortable.js'

/**
 * Opens a way through a proxy to a target.
 *
 * @returns the socket, which the caller destroys
 * @throws {ProxyError}; the signal's reason
 */
export function probeTunnel(proxy: ProxyServer, target: TlsTarget, signal: AbortSignal): Promise<Socket> {
  let socket: Socket | undefined
  return abortable(
    signal,
    () => socket?.on('error', () => {}).destroy(),
    (resolve, reject) => {
      socket = openTunnel(proxy, target, {
        opened: (tunnel) => resolve(tunnel.on('error', () => {})),
        failed: reject,
      })
    },
  )
}
