import { connect } from 'node:net'
import { abortable } from './abortable.js'

/**
 * Opens a TCP connection to an address, and closes it again.
 *
 * @returns how long it took, in milliseconds
 * @throws what the socket says, with its `code`; the signal's reason
 */
export async function probeTcp(address: string, port: number, signal: AbortSignal): Promise<number> {
  const startedMs = performance.now()
  const socket = connect({ host: address, port })
  try {
    return await abortable(
      signal,
      () => {},
      (resolve, reject) => {
        socket.once('connect', () => resolve(performance.now() - startedMs))
        socket.once('error', reject)
      },
    )
  } finally {
    socket.on('error', () => {}).destroy()
  }
}
