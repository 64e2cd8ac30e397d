/**
 * A server that answers every HTTP/2 request as Apple's service would answer a good one, as fast as it can.
 *
 * A client that negotiates no protocol is taken for one of the retired binary protocol; see also `sink-bare.mjs`.
 *
 * It counts what a client does beyond its flow-control windows and the stream limit, and checks nothing else: no header
 * is decoded, no token, payload or order of frames looked at. It is a load for clients, not a test of them. Run it alone
 * with `node bench/sink.mjs --port 8443`, or let `run.mjs` start it.
 */
import { createServer } from 'node:tls'
import { makeCertificate } from './certificate.mjs'
import { BARE_PROTOCOL, serveBare } from './sink-bare.mjs'
import { serve } from './sink-connection.mjs'
import { newCounts } from './sink-counts.mjs'
import { serveGateway } from './sink-gateway.mjs'
import { readSinkOptions } from './sink-options.mjs'

const { port: wantedPort, ...options } = readSinkOptions(process.argv.slice(2))
/** @type {import('./sink-counts.mjs').SinkCounts} */
let counts = newCounts()
let cpuAtReset = process.cpuUsage()

const { key, cert } = makeCertificate()
const ALPNProtocols = ['h2', BARE_PROTOCOL]
const server = createServer({ key, cert, ALPNProtocols, minVersion: 'TLSv1.3' }, (socket) => {
  if (socket.alpnProtocol === 'h2') serve(socket, options, counts)
  else if (socket.alpnProtocol === BARE_PROTOCOL) serveBare(socket, counts)
  else serveGateway(socket, counts)
})
server.listen(wantedPort, '127.0.0.1', () => {
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
