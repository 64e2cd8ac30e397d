import { setImmediate } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'

/** Bytes that are on their way at most, whatever the client reads. */
const MAX_PIECE_BYTES = 16_384

/**
 * Writes in pieces, each after the one before it has left, and leaves the event loop a turn in between. Resolves when all of
 * it has left or the connection is gone.
 */
export async function writeInPieces(socket: TLSSocket, bytes: Buffer, pieceBytes: number): Promise<void> {
  const step = Math.min(pieceBytes, MAX_PIECE_BYTES)
  for (let at = 0; at < bytes.length && !socket.destroyed; at += step) {
    if (at > 0) await setImmediate()
    await new Promise<void>((resolve) => {
      // Called with an error, too, when the connection ends first.
      socket.write(bytes.subarray(at, at + step), () => resolve())
    })
  }
}
