import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { ApiContext } from './api-context.js'
import { ApiProblem, PROBLEM_TYPE } from './problem/api-problem.js'
import { PROBLEM_CODES } from './problem/problem-codes.js'

/** Of a request: all field lines together, and the address. */
const MAX_HEADER_BYTES = 16_384
/** Of an idle connection; longer than the usual 60 s of a proxy in front, which should be the one that closes. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000
/** How late a timeout may be noticed, at most. */
const MAX_CHECKING_INTERVAL_MS = 5000

/**
 * Node's HTTP server with the API's limits: header size, time for the head, number of connections. What its parser refuses
 * is answered with a problem too.
 */
export function createListener(context: ApiContext, handler: RequestListener): Server {
  const { requestTimeoutMs } = context.limits
  const options: ServerOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: requestTimeoutMs,
    // Bodies have a time of their own: see `body/json-body.ts`, and streamed lists may take as long as they go on.
    requestTimeout: 0,
    connectionsCheckingInterval: Math.max(
      10,
      Math.min(MAX_CHECKING_INTERVAL_MS, Math.ceil(requestTimeoutMs / 4)),
    ),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Node's own answer to a missing Host is no problem document: `hooks.ts` sees to it.
    requireHostHeader: false,
  }
  const { tls } = context
  const server: Server =
    tls === undefined ? createServer(options, handler) : createTlsServer({ ...options, ...tls }, handler)
  limitConnections(server, context)
  server.on('clientError', answerClientError)
  server.on('checkExpectation', (_request, response) => {
    const problem = new ApiProblem('EXPECTATION_FAILED', 'the only expectation that is met is 100-continue')
    const body = problem.toString()
    const fields = { 'content-type': PROBLEM_TYPE, 'content-length': Buffer.byteLength(body) }
    response.writeHead(problem.status, fields).end(body)
  })
  server.on('connect', (_request, socket) => {
    refuse(socket, new ApiProblem('NOT_IMPLEMENTED', 'CONNECT is for proxies, and this is none'))
  })
  return server
}

function limitConnections(server: Server, context: ApiContext): void {
  const apply = (): void => {
    const { connections, requestTimeoutMs } = context.limits
    server.maxConnections = connections
    server.headersTimeout = requestTimeoutMs
  }
  apply()
  // What was reloaded holds for the connection after this one.
  server.on('connection', apply)
}

interface ClientError extends Error {
  readonly code?: string
  readonly bytesParsed?: number
}

/** What Node's parser does not take. */
export function answerClientError(error: ClientError, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  refuse(socket, problemOfClient(error))
}

function problemOfClient({ code = '' }: ClientError): ApiProblem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ApiProblem('HEADER_TOO_LARGE', `the head of a request has at most ${MAX_HEADER_BYTES} bytes`)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ApiProblem('REQUEST_TIMEOUT', 'the head of the request was not there in time')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new ApiProblem('TOO_LARGE', 'the chunk extensions are too long; send none')
    default:
      return new ApiProblem(
        'BAD_REQUEST',
        `the request is not HTTP/1.1 (${code.replace(/^HPE_/, '') || 'no code'})`,
      )
  }
}

/** A whole answer, where there is no request to answer to; then nothing more is read. */
function refuse(socket: Duplex, problem: ApiProblem): void {
  const body = problem.toString()
  const head = [
    `HTTP/1.1 ${problem.status} ${PROBLEM_CODES[problem.code][1]}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.on('error', () => {})
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
