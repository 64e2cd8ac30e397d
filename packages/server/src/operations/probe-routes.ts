import type { FastifyPluginAsync } from 'fastify'
import type { Readiness, ReadinessCheck } from './readiness.js'

const OK = 200
const UNAVAILABLE = 503
/** A probe's answer is of this very moment. */
const NO_STORE = { 'cache-control': 'no-store' }

/**
 * `/healthz`: the process answers. `/readyz`: 200 while what is accepted is stored, 503 otherwise; an app whose line is down
 * makes it `degraded`, which is 200: the others' messages are sent, and its own wait on disk. Both need no key, and have
 * no secret in them.
 */
export function probeRoutes(readiness: Pick<ReadinessCheck, 'check'>): FastifyPluginAsync {
  return (app) => {
    app.get(
      '/healthz',
      { schema: { operationId: 'health', tags: ['operations'], summary: 'Whether the process answers' } },
      (_request, reply) => reply.headers(NO_STORE).send({ status: 'ok' }),
    )
    app.get(
      '/readyz',
      {
        schema: {
          operationId: 'readiness',
          tags: ['operations'],
          summary: 'Whether messages are accepted, and how it is with each app',
        },
      },
      async (_request, reply): Promise<Readiness> => {
        const state = await readiness.check()
        reply.code(state.status === 'unavailable' ? UNAVAILABLE : OK).headers(NO_STORE)
        return state
      },
    )
    return Promise.resolve()
  }
}
