import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { setImmediate } from 'node:timers/promises'
import type { Answer } from './reply.js'

/** Sends an answer in the form of Apple's: an empty 200, or a status with a reason in JSON. `ids`: the headers with ids. */
export function sendAnswer(
  stream: ServerHttp2Stream,
  ids: Readonly<Record<string, string>>,
  answer: Answer,
): void {
  const { status, reason, timestamp, headers = {} } = answer
  const body = answer.body ?? (reason === undefined ? '' : JSON.stringify({ reason, timestamp }))
  const fields: OutgoingHttpHeaders = { ':status': status, ...ids }
  if (body !== '') fields['content-type'] = 'application/json'
  Object.assign(fields, headers)
  // Node's types lack `sendDate`. Apple's page lists no date among the fields of an answer.
  const options = { endStream: body === '', sendDate: false }
  stream.respond(fields, options)
  if (body === '') return
  if (answer.split === undefined) stream.end(body)
  else void sendInPieces(stream, Buffer.from(body), answer.split)
}

/** Each piece becomes a DATA frame of its own: Node joins what is written before the last has left. */
async function sendInPieces(stream: ServerHttp2Stream, body: Buffer, pieceBytes: number): Promise<void> {
  for (let at = 0; at < body.length && !stream.destroyed; at += pieceBytes) {
    // Called with an error, too, when the stream ends first.
    await new Promise<void>((resolve) => {
      stream.write(body.subarray(at, at + pieceBytes), () => resolve())
    })
    await setImmediate()
  }
  stream.end()
}
