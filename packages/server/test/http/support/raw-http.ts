import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Answer } from './test-api.js'

/** A connection that sends whatever bytes it is told, and reads what comes back. */
export class RawConnection {
  readonly socket: Socket
  #received = ''
  #changed: (() => void) | undefined
  #isOver = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.#received += text
      this.#changed?.()
    })
    // What was reset was still answered, or is noticed as missing.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isOver = true
      this.#changed?.()
    })
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1')
    const connection = new RawConnection(socket)
    await once(socket, 'connect')
    return connection
  }

  write(data: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(data)
  }

  /** The next answer, which has no body after HEAD; undefined where the connection is closed instead. Interim ones (100) are passed over. */
  async answer(isHead = false): Promise<Answer | undefined> {
    for (;;) {
      const answer = this.#take(isHead)
      if (answer !== undefined && answer.status >= 200) return answer
      if (answer !== undefined) continue
      if (this.#isOver) return undefined
      await new Promise<void>((resolve) => {
        this.#changed = resolve
      })
    }
  }

  /** Resolves when the other side has closed it. */
  async closed(): Promise<void> {
    // Not `once`: a connection that was reset is closed too.
    if (!this.#isOver) await new Promise<void>((resolve) => this.socket.on('close', () => resolve()))
  }

  async end(): Promise<void> {
    this.socket.destroy()
    await this.closed()
  }

  #take(isHead: boolean): Answer | undefined {
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd < 0) return undefined
    const [first = '', ...lines] = this.#received.slice(0, headEnd).split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    )
    const bodyEnd = headEnd + 4 + (isHead ? 0 : Number(headers['content-length'] ?? 0))
    if (this.#received.length < bodyEnd) return undefined
    const text = Buffer.from(this.#received.slice(headEnd + 4, bodyEnd), 'latin1').toString()
    this.#received = this.#received.slice(bodyEnd)
    const isJson = /^application\/(?:problem\+)?json/.test(headers['content-type'] ?? '')
    return {
      status: Number(first.split(' ')[1]),
      headers,
      text,
      json: isJson && text !== '' ? JSON.parse(text) : undefined,
    }
  }
}

/** One request on a connection of its own; undefined where it is closed without an answer. */
export async function exchange(port: number, request: string | Uint8Array): Promise<Answer | undefined> {
  const connection = await RawConnection.open(port)
  connection.write(request)
  const answer = await connection.answer()
  await connection.end()
  return answer
}

/** A POST of JSON as it goes over the network. */
export function rawPost(url: string, body: string, fields: string[] = []): string {
  const head = [
    `POST ${url} HTTP/1.1`,
    'host: localhost',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...fields,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
