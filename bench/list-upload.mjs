import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { APP } from './server-process.mjs'
import { makePayload } from './workload.mjs'

const TOKEN_BYTES = 32
/** Tokens that are sent as one piece of the upload. */
const TOKENS_A_PIECE = 2000
const POLL_MS = 100

/**
 * Streams a list to a server's API, and has it sent.
 *
 * @param {import('./server-process.mjs').ServerProcess} server
 * @param {number} count
 * @param {number} payloadBytes
 * @param {() => Promise<unknown>} [uploaded] called when all tokens are stored, and none is sent
 */
export async function sendList(server, count, payloadBytes, uploaded = async () => {}) {
  const message = { app: APP, payload: makePayload(payloadBytes), pushType: 'alert', priority: 10 }
  const json = { method: 'POST', headers: { 'content-type': 'application/json' } }
  const { id } = await server.ask('/v1/messages', { ...json, body: JSON.stringify(message) })
  const startedAt = performance.now()
  await server.ask(`/v1/messages/${id}/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: ReadableStream.from(pieces(count)),
    // @ts-expect-error A body that is streamed has to say so; the types do not know it.
    duplex: 'half',
  })
  const uploadSeconds = (performance.now() - startedAt) / 1000
  await uploaded()
  const sentAt = performance.now()
  await server.ask(`/v1/messages/${id}/send`, { method: 'POST' })
  for (;;) {
    const { state, counts } = await server.ask(`/v1/messages/${id}`)
    if (state === 'done') {
      if (counts.accepted !== count) throw new Error(`${counts.accepted} of ${count} were accepted`)
      break
    }
    await setTimeout(POLL_MS)
  }
  return { uploadSeconds, sendSeconds: (performance.now() - sentAt) / 1000 }
}

/**
 * Tokens as lines of text, some thousands at a time.
 *
 * @param {number} count
 */
function* pieces(count) {
  for (let left = count; left > 0; left -= TOKENS_A_PIECE) {
    const tokens = Math.min(left, TOKENS_A_PIECE)
    const hex = randomBytes(tokens * TOKEN_BYTES).toString('hex')
    yield Buffer.from(hex.replaceAll(/.{64}/g, '$&\n'))
  }
}
