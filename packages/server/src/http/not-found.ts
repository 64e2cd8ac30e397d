import type { FastifyInstance } from 'fastify'
import { ApiProblem } from './problem/api-problem.js'

/** Answers where there is no route: 405 with the methods that there are, where the path has some, else 404. */
export function answerUnknownRoutes(app: FastifyInstance): void {
  const methodsOf = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = methodsOf.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() }
    for (const name of [method].flat()) known.methods.add(name)
    methodsOf.set(url, known)
  })
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const allowed = [...methodsOf.values()].find(({ pattern }) => pattern.test(path))?.methods
    if (allowed === undefined) {
      throw new ApiProblem(
        'NOT_FOUND',
        'there is no such address; GET /v1/openapi.json has those that there are',
      )
    }
    const allow = [...allowed].toSorted().join(', ')
    throw new ApiProblem('METHOD_NOT_ALLOWED', `this address takes ${allow}`, { headers: { allow } })
  })
}

/** `/v1/messages/:id` as a pattern. */
function patternOf(url: string): RegExp {
  const path = url.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/:\w+/g, '[^/]+')
  return new RegExp(`^${path}$`)
}
