/** Command byte and frame length. */
const HEADER_BYTES = 5

/**
 * The sink's side of the retired binary protocol: reads command 2 frames, counts them, and says nothing, which is how
 * that gateway says that all is well. Nothing in them is checked.
 *
 * @param {import('node:tls').TLSSocket} socket
 * @param {import('./sink-counts.mjs').SinkCounts} counts
 */
export function serveGateway(socket, counts) {
  counts.connections += 1
  /** Bytes of the current frame that are still to come; what is known of its header meanwhile. */
  let missing = 0
  let header = Buffer.alloc(0)
  socket.on('data', (/** @type {Buffer} */ chunk) => {
    counts.bytesReceived += chunk.length
    let at = 0
    while (at < chunk.length) {
      if (missing > 0) {
        const taken = Math.min(missing, chunk.length - at)
        missing -= taken
        at += taken
      } else {
        const needed = HEADER_BYTES - header.length
        header = Buffer.concat([header, chunk.subarray(at, at + needed)])
        at += needed
        if (header.length < HEADER_BYTES) return
        missing = header.readUInt32BE(1)
        header = Buffer.alloc(0)
      }
      if (missing === 0 && header.length === 0) counts.requests += 1
    }
  })
  socket.on('error', () => {})
}
