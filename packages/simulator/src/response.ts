import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Answer } from './rules.js'

/** Sends an answer in the form of Apple's: an empty 200, or a status with a reason in JSON. */
export function sendAnswer(
  stream: ServerHttp2Stream,
  id: string,
  answer: Answer,
  environment: 'production' | 'sandbox',
): void {
  const { status, reason, timestamp, headers = {} } = answer
  const body = answer.body ?? (reason === undefined ? '' : JSON.stringify({ reason, timestamp }))
  const fields: OutgoingHttpHeaders = { ':status': status, 'apns-id': id }
  if (environment === 'sandbox') fields['apns-unique-id'] = randomUUID().toUpperCase()
  if (body !== '') fields['content-type'] = 'application/json'
  Object.assign(fields, headers)
  // Node's types lack `sendDate`. Apple's page lists no date among the fields of an answer.
  const options = { endStream: body === '', sendDate: false }
  stream.respond(fields, options)
  if (body !== '') stream.end(body)
}
