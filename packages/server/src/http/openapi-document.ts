import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'

/** Keeps account of every route that is added from here on: see `routes/openapi.ts`. */
export async function documentRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'apns-worker',
        version: '1',
        description: 'Sends push notifications through Apple’s service, from a durable outbox.',
      },
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
    },
    refResolver: {
      buildLocalReference: (schema, _baseUri, _fragment, index) =>
        typeof schema['$id'] === 'string' ? schema['$id'] : `schema-${index}`,
    },
    transform: ({ schema, url, route }) => {
      const scope = route.config?.scope
      const open = scope === undefined ? {} : { security: [{ apiKey: [scope] }] }
      return { schema: { ...schema, ...open }, url }
    },
  })
}
