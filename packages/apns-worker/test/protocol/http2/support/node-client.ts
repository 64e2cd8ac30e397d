import { once } from 'node:events'
import { connect, constants } from 'node:http2'

/** What a client got for one request: how it ended, and all that came before. */
export interface Answer {
  /** `end 200` or `reset 8`. */
  readonly outcome: string
  readonly body: string
  readonly fields: Readonly<Record<string, string>>
}

/**
 * Sends the bodies as requests numbered from 0, by Node's own HTTP/2 client, and gives what each got. Few at a time, and
 * none before SETTINGS: that client does not follow a small stream limit by itself, and would be refused.
 */
export async function askWithNode(
  port: number,
  bodies: readonly Buffer[],
  atATime: number,
): Promise<Answer[]> {
  const session = connect(`http://127.0.0.1:${port}`, { maxSessionMemory: 1000 })
  const answers: Answer[] = []
  const rest = bodies.entries()
  const askInTurn = async (): Promise<void> => {
    for (const [number, body] of rest) answers[number] = await ask(session, number, body)
  }
  try {
    await once(session, 'remoteSettings')
    await Promise.all(Array.from({ length: atATime }, askInTurn))
    return answers
  } finally {
    session.destroy()
  }
}

function ask(session: ReturnType<typeof connect>, number: number, body: Buffer): Promise<Answer> {
  return new Promise((resolve) => {
    const stream = session.request(
      { ':method': 'POST', ':path': `/${number}`, 'x-number': String(number) },
      { endStream: body.length === 0 },
    )
    const fields: Record<string, string> = {}
    const take = (headers: Readonly<Record<string, unknown>>): void => {
      for (const name of ['x-echo', 'x-trailer'])
        if (headers[name] !== undefined) fields[name] = String(headers[name])
    }
    let status = 0
    let text = ''
    stream.on('error', () => {})
    stream.on('response', (headers) => {
      status = Number(headers[constants.HTTP2_HEADER_STATUS])
      take(headers)
    })
    stream.on('trailers', take)
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    stream.on('close', () => {
      const isReset = stream.rstCode !== constants.NGHTTP2_NO_ERROR
      resolve({ outcome: isReset ? `reset ${stream.rstCode}` : `end ${status}`, body: text, fields })
    })
    if (body.length > 0) stream.end(body)
  })
}
