import type { Socket } from 'node:net'

type Callback = (error?: Error | null) => void

/**
 * Lets a socket read what had come before a write on it failed.
 *
 * An end that says why it closes, and leaves something unread, resets the connection. A write may learn of that before what
 * was said is read, and Node throws away all that is unread when a write fails. It lies in the system's buffer, for it came
 * before the reset; so the failure is told a turn of the event loop later, when that was read.
 */
export function hearLastWords(socket: Socket): void {
  const write = socket._write.bind(socket)
  const writev = socket._writev?.bind(socket)
  socket._write = (chunk, encoding, callback) => write(chunk, encoding, afterReading(callback))
  if (writev !== undefined) socket._writev = (chunks, callback) => writev(chunks, afterReading(callback))
}

function afterReading(callback: Callback): Callback {
  return (error) => {
    if (!error) callback()
    // Sockets are read between one turn's immediates and the next one's.
    else setImmediate(() => setImmediate(() => callback(error)))
  }
}
