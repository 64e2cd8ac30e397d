/** What a client negotiates (ALPN) that wants no protocol at all. */
export const BARE_PROTOCOL = 'bare'
/** How many bytes a request has, and how many its answer. */
const GREETING_BYTES = 8

/**
 * What such a client sends first.
 *
 * @param {number} requestBytes
 * @param {number} answerBytes
 */
export function bareGreeting(requestBytes, answerBytes) {
  const greeting = Buffer.alloc(GREETING_BYTES)
  greeting.writeUInt32BE(requestBytes, 0)
  greeting.writeUInt32BE(answerBytes, 4)
  return greeting
}

/**
 * Answers so many bytes with so many others, at once: the floor under any protocol's latency.
 *
 * @param {import('node:tls').TLSSocket} socket
 * @param {import('./sink-counts.mjs').SinkCounts} counts
 */
export function serveBare(socket, counts) {
  counts.connections += 1
  socket.setNoDelay(true)
  let greeting = Buffer.alloc(0)
  let requestBytes = 0
  let answer = Buffer.alloc(0)
  let received = 0
  socket.on('error', () => socket.destroy())
  socket.on('data', (/** @type {Buffer} */ chunk) => {
    counts.bytesReceived += chunk.length
    received += chunk.length
    if (requestBytes === 0) {
      greeting = Buffer.concat([greeting, chunk])
      if (greeting.length < GREETING_BYTES) return
      requestBytes = greeting.readUInt32BE(0)
      answer = Buffer.alloc(greeting.readUInt32BE(4), 'y')
      received = greeting.length - GREETING_BYTES
    }
    for (; received >= requestBytes; received -= requestBytes) {
      counts.requests += 1
      socket.write(answer)
    }
  })
}
