import type { FastifyInstance } from 'fastify'

/** What is left of a probe's answer, or of a connection that has never asked. */
const GRACE_MS = 500

/** Stops listening, and ends the connections: those with a request of theirs after a moment, or at once. */
export async function closeApi(api: FastifyInstance, graceMs: number = GRACE_MS): Promise<void> {
  const closed = api.close()
  const timer = setTimeout(() => api.server.closeAllConnections(), graceMs)
  try {
    await closed
  } finally {
    clearTimeout(timer)
  }
}
