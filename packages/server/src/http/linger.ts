import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** How long what is still being sent is read, and forgotten, after the answer. */
const LINGER_MS = 2000

/**
 * What becomes of connections whose request was answered.
 *
 * One that was answered before it was read: its sender is writing, and would get a reset connection instead of the answer if
 * that were closed now. So it is read for a moment, and then closed (RFC 9112, section 9.6).
 *
 * One that was answered while the server is closing would be kept alive, and the server wait for it.
 */
export function letGoOfConnections(app: FastifyInstance): void {
  let isClosing = false
  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (!raw.complete && !raw.destroyed) lingerOn(raw)
    // Not idle before its answer is gone, which is in this turn.
    if (isClosing) setImmediate(() => app.server.closeIdleConnections())
    done()
  })
}

function lingerOn(request: IncomingMessage): void {
  const timer = setTimeout(() => request.destroy(), LINGER_MS)
  request.once('close', () => clearTimeout(timer)).on('error', () => {})
  request.resume()
}
