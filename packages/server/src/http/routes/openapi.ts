import type { TypedApp } from './api-routes.js'

/** `GET /v1/openapi.json`: made from the schemas that requests are checked by. */
export function serveOpenApi(app: TypedApp): void {
  app.get('/v1/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json').send(app.swagger()),
  )
}
