import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { LimitsConfig } from '../../config/server-config.js'
import { ApiProblem } from '../problem/api-problem.js'
import { parseStrictJson } from './strict-json.js'

/**
 * Bodies in JSON, and in nothing else: a page of another site cannot make a browser send this type without being asked.
 *
 * The framework's own reader knows neither duplicate keys nor a time by which a body has to be there.
 */
export function acceptJson(app: FastifyInstance, limits: () => LimitsConfig): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', (request, payload: IncomingMessage, done) => {
    refuseEncoded(request.headers['content-encoding'])
    readBody(payload, limits(), (error, body) => {
      if (error !== undefined) return done(error)
      try {
        // No body is no error: most routes need none.
        return done(null, body.length === 0 ? undefined : parseStrictJson(textOf(body)))
      } catch (problem) {
        return done(problem as Error)
      }
    })
  })
}

/** @throws {ApiProblem} for a body that is compressed: its size would be unknown until it is unpacked */
export function refuseEncoded(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return
  throw new ApiProblem('UNSUPPORTED_MEDIA_TYPE', 'send the body as it is, without Content-Encoding')
}

function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw new ApiProblem('MALFORMED_JSON', 'the body is not UTF-8')
  return body.toString()
}

/** Calls back once: with all of it, or with what is wrong, which is then in nobody's way any more. */
function readBody(
  payload: IncomingMessage,
  { bodyBytes, requestTimeoutMs }: LimitsConfig,
  done: (error: Error | undefined, body: Buffer) => void,
): void {
  const chunks: Buffer[] = []
  let length = 0
  const finish = (error?: Error): void => {
    clearTimeout(timer)
    payload.removeListener('data', take).removeListener('end', end).removeListener('error', finish)
    // What is late, or too much, is read and forgotten until the connection is closed: see `linger.ts`.
    if (error !== undefined) payload.on('error', () => {}).resume()
    const [only] = chunks
    done(error, chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks))
  }
  const take = (chunk: Buffer): void => {
    length += chunk.length
    if (length > bodyBytes) finish(tooLarge(bodyBytes))
    else chunks.push(chunk)
  }
  const end = (): void => finish()
  const timer = setTimeout(() => finish(tooLate(requestTimeoutMs)), requestTimeoutMs)
  payload.on('data', take).on('end', end).on('error', finish)
  if (Number(payload.headers['content-length'] ?? 0) > bodyBytes) finish(tooLarge(bodyBytes))
}

function tooLarge(bodyBytes: number): ApiProblem {
  const way = 'open a message without tokens, and stream its list to /v1/messages/{id}/tokens'
  return new ApiProblem('TOO_LARGE', `the body has more than ${bodyBytes} bytes; for long lists ${way}`)
}

function tooLate(requestTimeoutMs: number): ApiProblem {
  return new ApiProblem('REQUEST_TIMEOUT', `the body was not there after ${requestTimeoutMs / 1000} s`)
}
