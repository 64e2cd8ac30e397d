import '@fastify/swagger'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import '../../http/caller.js'

/** The text format that every Prometheus reads. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
const FORBIDDEN = 403
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/

/**
 * Who may scrape: whoever has a key with the scope `read`; or everybody on this machine (`loopback`), where a scraper beside
 * the server is to need no key. Not behind a proxy of this machine: all that comes through it would be from here.
 */
export type MetricsAccess = 'read' | 'loopback'

/** `GET /metrics`. */
export function metricsPlugin(scrape: () => Promise<string>, access: MetricsAccess): FastifyPluginAsync {
  let running: Promise<string> | undefined
  // Whoever comes while one is put together gets the same.
  const shared = (): Promise<string> => {
    running ??= scrape().finally(() => {
      running = undefined
    })
    return running
  }
  return (app) => {
    const schema = { operationId: 'metrics', tags: ['operations'], summary: 'Metrics, for Prometheus' }
    const config = access === 'read' ? { scope: 'read' as const } : {}
    app.get('/metrics', { config, schema, serializerCompiler: () => String }, async (request, reply) => {
      if (access === 'loopback' && !isFromHere(request)) {
        throw Object.assign(new Error('metrics are for this machine alone'), { statusCode: FORBIDDEN })
      }
      const text = await shared()
      return reply.type(METRICS_TYPE).header('cache-control', 'no-store').send(text)
    })
    return Promise.resolve()
  }
}

function isFromHere({ socket, headers }: FastifyRequest): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined) return false
  const { remoteAddress } = socket
  // A socket of the file system has none.
  return remoteAddress === undefined || LOOPBACK.test(remoteAddress)
}
