import type { Socket } from 'node:net'

/** How long the client may take to close after us. */
const LINGER_MS = 1000

/** Ends a connection in order. What the client still sends is read, since TCP would answer it with RST. */
export function endAndLinger(socket: Socket): void {
  socket.end()
  socket.resume()
  // What the client has said by then is read first, also where the process stood still meanwhile.
  const timer = setTimeout(() => setImmediate(() => socket.destroy()), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}
