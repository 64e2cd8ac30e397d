import { Feedback, type Subscription } from '../../feedback.js'
import type { TlsTarget } from '../../net/tls-connect.js'
import { TlsConnection } from '../../net/tls-connection.js'

/** Longer than any tuple: 6 bytes and a token of 16-bit length. */
const MAX_TUPLE_BYTES = 6 + 0xffff

/**
 * Reads the feedback service: it sends its records and closes. There is nothing to say to it.
 *
 * @param timeoutMs for the connection, and between records
 * @param ended called once: with what went wrong, or undefined when the service closed in order; not when cancelled
 */
export function readFeedback(
  target: TlsTarget,
  timeoutMs: number,
  callback: (feedback: Feedback) => unknown,
  ended: (cause: Error | undefined) => void,
): Subscription {
  let buffered: Uint8Array = new Uint8Array(0)
  let isConnected = false
  let isOver = false

  const finish = (cause: Error | undefined): void => {
    if (isOver) return
    cancel()
    ended(cause)
  }
  const receive = (chunk: Uint8Array): void => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
    for (;;) {
      const [feedback, remainder] = Feedback.parse(buffered)
      buffered = remainder
      if (feedback === undefined || isOver) break
      callback(feedback)
    }
    // What is left is a part of a record; copied, so that it does not keep a large chunk alive.
    buffered = Uint8Array.from(buffered)
  }

  const socket = new TlsConnection(target, 'gateway', {
    secured() {
      isConnected = true
      timer.refresh()
    },
    drained() {},
    received(chunk) {
      timer.refresh()
      if (!isOver) receive(chunk)
      if (buffered.length > MAX_TUPLE_BYTES) finish(new Error('the feedback service sent what is no record'))
    },
    ended: () =>
      finish(buffered.length === 0 ? undefined : new Error('the feedback service closed within a record')),
    failed: finish,
    closed: () => finish(undefined),
  })
  const timer = setTimeout(() => {
    const seconds = timeoutMs / 1000
    finish(
      new Error(
        isConnected
          ? `the feedback service was silent for ${seconds} s`
          : `no TLS connection to ${socket.place} within ${seconds} s`,
      ),
    )
  }, timeoutMs)
  const cancel = (): void => {
    isOver = true
    clearTimeout(timer)
    socket.destroy()
  }
  return { cancel }
}
