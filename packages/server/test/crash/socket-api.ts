import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'

export interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Asks an API that listens on a socket of the file system. Every request has a connection of its own. */
export class SocketApi {
  readonly #socketPath: string

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  get(path: string): Promise<Answer> {
    const asked = this.begin('GET', path, {})
    asked.end()
    return answerTo(asked)
  }

  post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const asked = this.begin(
      'POST',
      path,
      body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    )
    asked.end(body === undefined ? undefined : JSON.stringify(body))
    return answerTo(asked)
  }

  /** A request whose body is still to be written. */
  begin(method: string, path: string, headers: Record<string, string>): ClientRequest {
    return request({ socketPath: this.#socketPath, method, path, headers, agent: false })
  }
}

/** @throws when the connection broke before the answer was there in full */
export async function answerTo(asked: ClientRequest): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve)
    asked.on('error', reject)
  })
  // The API answers with objects.
  const body = (await json(response)) as Record<string, unknown>
  return { status: response.statusCode ?? 0, body }
}
