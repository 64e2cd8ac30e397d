import { once } from 'node:events'
import { createServer, type Http2Server, type ServerHttp2Stream, type Settings } from 'node:http2'
import type { AddressInfo } from 'node:net'

/** What the server saw of a request. */
export interface Seen {
  readonly number: string
  readonly long: number
  body: Buffer
}

/** A server that answers by the request's number: echoing, in pieces, with trailers, an early end, or a reset. */
export function answer(
  stream: ServerHttp2Stream,
  headers: Readonly<Record<string, unknown>>,
  seen: Map<number, Seen>,
): void {
  const number = Number(String(headers[':path']).slice(1))
  const record: Seen = {
    number: String(headers['x-number']),
    long: String(headers['x-long'] ?? '').length,
    body: Buffer.alloc(0),
  }
  seen.set(number, record)
  stream.on('error', () => {})
  if (number % 10 === 7) {
    stream.close(number % 20 === 7 ? 8 : 7)
    return
  }
  stream.on('data', (chunk: Buffer) => {
    record.body = Buffer.concat([record.body, chunk])
  })
  stream.on('end', () => {
    if (number % 10 === 5) stream.additionalHeaders({ ':status': 103, 'x-echo': 'early' })
    const body = record.body.toString('latin1')
    const trailers = number % 4 === 1
    stream.respond(
      { ':status': number % 10 === 3 ? 410 : 200, 'x-echo': String(number) },
      { waitForTrailers: trailers, endStream: body === '' && !trailers },
    )
    if (trailers) stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': `t${number}` }))
    if (body !== '' || trailers) stream.end(body, 'latin1')
  })
}

/** Listens on a port of the system's choice. */
export async function listen(server: Http2Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** A server of `node:http2` that answers by number, without TLS. */
export function echoServer(settings: Settings, seen: Map<number, Seen>): Http2Server {
  const server = createServer({
    settings,
    maxSessionMemory: 1000,
    maxHeaderListPairs: 1000,
    settingsMaxHeaderListSize: 2 ** 20,
  } as object)
  server.on('stream', (stream, headers) => answer(stream, headers, seen))
  return server
}
