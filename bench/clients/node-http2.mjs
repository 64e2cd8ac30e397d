import http2 from 'node:http2'
import { makeApnsId, makeHeaders, sendInWindow } from '../workload.mjs'

/**
 * A client written by hand on Node's own `http2`: one connection, a promise for each request, nothing else.
 *
 * @type {import('./catalogue.mjs').Open}
 */
export async function open({ port, cert, key, payload, window }) {
  const session = http2.connect(`https://127.0.0.1:${port}`, { ca: cert, settings: { enablePush: false } })
  await new Promise((resolve, reject) => {
    session.once('remoteSettings', resolve)
    session.once('error', reject)
  })
  const body = Buffer.from(JSON.stringify(payload))
  const headers = { ':method': 'POST', ':scheme': 'https', ':authority': '127.0.0.1', ...makeHeaders(key) }

  return {
    async send(tokens) {
      const tally = { accepted: 0, refused: 0 }
      await sendInWindow(tokens, window, async (token, index) => {
        const status = await post(
          session,
          { ...headers, ':path': `/3/device/${token}`, 'apns-id': makeApnsId(index) },
          body,
        )
        if (status === 200) tally.accepted += 1
        else tally.refused += 1
      })
      return tally
    },
    close: () => new Promise((resolve) => session.close(() => resolve(undefined))),
  }
}

/**
 * @param {http2.ClientHttp2Session} session
 * @param {http2.OutgoingHttpHeaders} headers
 * @param {Buffer} body
 * @returns {Promise<number>} the response's status
 */
function post(session, headers, body) {
  return new Promise((resolve, reject) => {
    const request = session.request(headers)
    let status = 0
    request.on('response', (response) => {
      status = response[':status'] ?? 0
    })
    request.on('error', reject)
    request.on('end', () => resolve(status))
    request.resume()
    request.end(body)
  })
}
