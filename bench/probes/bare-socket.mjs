import { connect } from 'node:tls'
import { BARE_PROTOCOL, bareGreeting } from '../sink-bare.mjs'

/**
 * What the way there and back takes by itself: as many bytes on a TLS socket, answered by as many as an answer has.
 *
 * @type {import('../latency-process.mjs').OpenProbe}
 */
export async function open({ task, requestBytes, answerBytes }) {
  const socket = connect({
    host: '127.0.0.1',
    port: task.port,
    ca: task.cert,
    ALPNProtocols: [BARE_PROTOCOL],
  })
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
  })
  socket.setNoDelay(true)
  socket.write(bareGreeting(requestBytes, answerBytes))
  const request = Buffer.alloc(requestBytes, 'x')
  /** @type {(() => void)[]} */
  const waiting = []
  let received = 0
  socket.on('data', (/** @type {Buffer} */ chunk) => {
    received += chunk.length
    for (; received >= answerBytes; received -= answerBytes) waiting.shift()?.()
  })
  return {
    send(_index, settled) {
      waiting.push(settled)
      socket.write(request)
    },
    close: async () => socket.destroy(),
  }
}
