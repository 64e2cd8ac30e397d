import type { Socket } from 'node:net'

/**
 * Ends a connection with TCP RST. One that we are closing already is just destroyed: libuv does not reset a socket whose shutdown
 * is under way, and Node loses its handle over that.
 *
 * @param above the TLS socket on it, if there is one
 */
export function resetTcp(transport: Socket, above: Socket = transport): void {
  if (transport.writableEnded || above.writableEnded) transport.destroy()
  else transport.resetAndDestroy()
}
