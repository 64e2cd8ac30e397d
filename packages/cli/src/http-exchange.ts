import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http'

/** An answer, as it came. */
export interface Exchange {
  readonly status: number
  readonly text: string
  /** Seconds, where the answer has it as a number. */
  readonly retryAfter: number | undefined
}

export interface ExchangeOptions {
  /** Of `node:http` or `node:https`. */
  readonly request: (options: RequestOptions) => ClientRequest
  /** Where to, and what. */
  readonly options: RequestOptions
  readonly headers: OutgoingHttpHeaders
  readonly body: string | undefined
  readonly signal: AbortSignal | undefined
  /** How long the connection may be silent. */
  readonly silenceMs: number
}

/** A page of ten thousand dead tokens is a quarter of it; what is longer comes from something else. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/**
 * One request, and its whole answer. `fetch` of Node can be given neither a certificate authority nor a socket's path.
 *
 * @throws Node's own error when there is no answer, or it is cut short
 */
export function exchange({
  request,
  options,
  headers,
  body,
  signal,
  silenceMs,
}: ExchangeOptions): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const asked = request({
      ...options,
      headers: { ...headers, ...length },
      ...(signal === undefined ? {} : { signal }),
    })
    asked.setTimeout(silenceMs, () => {
      asked.destroy(new Error(`no answer within ${silenceMs / 1000} seconds`))
    })
    asked.on('error', reject)
    asked.on('response', (response) => {
      textOf(response).then((text) => {
        const seconds = Number(response.headers['retry-after'])
        const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined
        resolve({ status: response.statusCode ?? 0, text, retryAfter })
      }, reject)
    })
    asked.end(body)
  })
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Without an encoding set, it gives bytes.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
