/**
 * A server that answers every HTTP/2 request as Apple's service would answer a good one, as fast as it can.
 *
 * A client that does not negotiate HTTP/2 is taken for one of the retired binary protocol.
 *
 * It verifies nothing: no header is decoded, no token, payload, limit or order of frames is checked. It is a load for
 * clients, not a test of them. Run it alone with `node bench/sink.mjs --port 8443`, or let `run.mjs` start it.
 */
import { createServer } from 'node:tls'
import { parseArgs } from 'node:util'
import { makeCertificate } from './certificate.mjs'
import { serve } from './sink-connection.mjs'
import { serveGateway } from './sink-gateway.mjs'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'delay-ms': { type: 'string', default: '0' },
    'refused-share': { type: 'string', default: '0' },
  },
})
/** @type {import('./sink-connection.mjs').SinkOptions} */
const options = { delayMs: Number(values['delay-ms']), refusedShare: Number(values['refused-share']) }
/** @type {import('./sink-connection.mjs').SinkCounts} */
let counts = newCounts()
let cpuAtReset = process.cpuUsage()

const { key, cert } = makeCertificate()
const server = createServer({ key, cert, ALPNProtocols: ['h2'], minVersion: 'TLSv1.3' }, (socket) => {
  if (socket.alpnProtocol === 'h2') serve(socket, options, counts)
  else serveGateway(socket, counts)
})
server.listen(Number(values.port), '127.0.0.1', () => {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the sink has no TCP port')
  const { port } = address
  if (process.send) process.send({ port, cert })
  else console.log(`listening on 127.0.0.1:${port}; counts are printed on Ctrl-C`)
})

/** The parent asks with any message; what it gets counts from the question before. */
process.on('message', () => {
  process.send?.(report())
  counts = Object.assign(counts, newCounts())
  cpuAtReset = process.cpuUsage()
})
process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {
  console.log(report())
  process.exit()
})

function report() {
  const { user, system } = process.cpuUsage(cpuAtReset)
  return { ...counts, cpuSeconds: (user + system) / 1e6 }
}

function newCounts() {
  return { connections: 0, requests: 0, refused: 0, bytesReceived: 0, cipher: '' }
}
