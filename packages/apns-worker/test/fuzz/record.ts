/**
 * Records sessions with real servers, in the clear, for the fuzzer to start from. Run by hand, after compiling:
 * `node packages/apns-worker/dist-test/fuzz/record.js`. What the servers say is their own and changes with their versions.
 */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { ChildServer } from '../support/child-server.js'
import { RECORDINGS } from './recordings.js'
import { Owner } from './session-oracle.js'
import { formatStep, step } from './step.js'

const HEADER_BYTES = 9
/** Bodies of the requests, in bytes, sent a few at a time. */
const ROUNDS = [[10, 300], [0, 4096, 50, 20_000], [1], [12, 13, 14, 15]] as const

async function record(name: string, port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const owner = new Owner()
  const lines: string[] = []
  let unread: Buffer = Buffer.alloc(0)
  const send = (): void => {
    lines.push(formatStep(step('take')))
    const bytes = owner.take()
    if (bytes !== undefined) socket.write(Buffer.from(bytes))
  }
  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk])
    while (unread.length >= HEADER_BYTES && unread.length >= HEADER_BYTES + unread.readUIntBE(0, 3)) {
      const frame = unread.subarray(0, HEADER_BYTES + unread.readUIntBE(0, 3))
      unread = unread.subarray(frame.length)
      lines.push(formatStep(step('peer', frame)))
      owner.receive(Buffer.from(frame))
    }
    if (owner.session.pendingOutput > 0) send()
  })
  const answered = async (): Promise<void> => {
    while (!owner.session.settingsReceived || owner.session.openStreams > 0)
      await new Promise((resolve) => setTimeout(resolve, 10))
  }
  send()
  await answered()
  for (const bodies of ROUNDS) {
    for (const bytes of bodies) {
      lines.push(formatStep(step('request', bytes)))
      owner.open(bytes)
    }
    lines.push(formatStep(step('ping')))
    owner.session.ping()
    send()
    await answered()
  }
  socket.destroy()
  writeFileSync(new URL(`${name}.txt`, RECORDINGS), `${lines.join('\n')}\n`)
}

/** Answers with all that `node:http2` has, one after the other. */
function answer(stream: ServerHttp2Stream, number: number): void {
  const headers = { ':status': 200 + number, 'apns-id': `id-${number}` }
  if (number % 4 === 1) stream.additionalHeaders({ ':status': 103 })
  if (number % 4 === 2) {
    stream.respond({ ...headers, 'content-type': 'application/json' })
    stream.end(JSON.stringify({ reason: 'Unregistered' }))
  } else if (number % 4 === 3) {
    stream.respond(headers, { waitForTrailers: true })
    stream.once('wantTrailers', () => stream.sendTrailers({ 'x-trailer': 'yes' }))
    stream.end('x'.repeat(5000))
  } else stream.respond(headers, { endStream: true })
}

async function recordNode(): Promise<void> {
  const server = createServer({ settings: { initialWindowSize: 1000, maxConcurrentStreams: 100 } })
  let count = 0
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    stream.on('end', () => answer(stream, count++))
    stream.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  await record('node-http2', (server.address() as AddressInfo).port) // it listens on TCP
  server.close()
}

async function recordNghttpd(name: string, ...options: readonly string[]): Promise<void> {
  const args = ['--address=127.0.0.1', '--no-tls', '--echo-upload', ...options]
  await using server = await ChildServer.start('nghttpd', (port) => [...args, String(port)])
  await record(name, server.port)
}

await recordNode()
await recordNghttpd('nghttpd')
await recordNghttpd(
  'nghttpd-padding-trailers',
  '--padding=20',
  '--trailer=x-trailer: yes',
  '--window-bits=10',
)
