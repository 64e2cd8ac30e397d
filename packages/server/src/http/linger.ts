import type { FastifyInstance } from 'fastify'

/** How long what is still being sent is read, and forgotten, after the answer. */
const LINGER_MS = 2000

/**
 * A request that was answered before it was read: its sender is writing, and would get a reset connection instead of the
 * answer if that were closed now. So it is read for a moment, and then closed (RFC 9112, section 9.6).
 */
export function lingerAfterEarlyAnswers(app: FastifyInstance): void {
  app.addHook('onResponse', (request, _reply, done) => {
    const { raw } = request
    if (!raw.complete && !raw.destroyed) {
      const timer = setTimeout(() => raw.destroy(), LINGER_MS)
      raw.once('close', () => clearTimeout(timer)).on('error', () => {})
      raw.resume()
    }
    done()
  })
}
