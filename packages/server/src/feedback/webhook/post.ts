import { type RequestOptions as HttpOptions, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import type { LookupFunction } from 'node:net'
import { askedDelayMs } from './retry-pace.js'

/** Of an answer; nothing of it is of interest but its head. */
const MAX_ANSWER_BYTES = 65_536

export interface Post {
  readonly url: URL
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
  /** For all of it: name, connection, TLS, request, answer. */
  readonly timeoutMs: number
  /** Default: the system's. */
  readonly lookup?: LookupFunction | undefined
  /** Certificates of authorities, in PEM; default: Node's. */
  readonly ca?: string | undefined
  readonly signal: AbortSignal
}

/** The receiver did not take it. */
export class NotTakenError extends Error {
  override readonly name = 'NotTakenError'
  readonly status: number
  /** When to try again, by its own word, in milliseconds. */
  readonly askedMs: number | undefined

  constructor(status: number, askedMs: number | undefined) {
    super(
      `the receiver answered ${status}${status >= 300 && status < 400 ? ', and redirects are not followed' : ''}`,
    )
    this.status = status
    this.askedMs = askedMs
  }
}

/**
 * Posts once, over a connection of its own, and resolves when the receiver has taken it (2xx). Certificates are verified,
 * redirects are not followed, and no more than the beginning of the answer is read.
 *
 * @throws {NotTakenError} for any other status
 * @throws what went wrong, where there was none
 */
export async function post({ url, fields, body, timeoutMs, lookup, ca, signal }: Post): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const options: HttpOptions & RequestOptions = {
      method: 'POST',
      headers: { ...fields, 'content-length': Buffer.byteLength(body) },
      agent: false,
      signal,
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      rejectUnauthorized: true,
      ...(lookup === undefined ? {} : { lookup }),
      ...(ca === undefined ? {} : { ca }),
    }
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options)
    let head: IncomingMessage | undefined
    // The status stands, whether all of the rest has come or not.
    const settle = (error?: Error): void => {
      clearTimeout(timer)
      if (head === undefined) reject(error ?? new Error('there was no answer'))
      else if (isSuccess(head)) resolve()
      else reject(notTaken(head))
    }
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    )
    request.on('error', settle)
    request.on('response', (answer) => {
      head = answer
      let left = MAX_ANSWER_BYTES
      answer.on('data', (bytes: Buffer) => {
        left -= bytes.length
        if (left < 0) request.destroy()
      })
      answer.on('error', () => {})
      answer.on('close', () => settle())
    })
    request.end(body)
  })
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300
}

function notTaken({ statusCode = 0, headers }: IncomingMessage): NotTakenError {
  return new NotTakenError(statusCode, askedDelayMs(headers['retry-after'], Date.now()))
}
