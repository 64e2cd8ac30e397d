import type { FastifyRequest } from 'fastify'
import type { AccessScope, ApiKeyConfig } from '../../config/server-config.js'
import type { Caller } from '../caller.js'
import { ApiProblem } from '../problem/api-problem.js'
import { EVERYBODY, KeyRing, NOBODY } from './key-ring.js'
import { refuseForeign } from './local-only.js'

/** RFC 6750, section 2.1; the scheme in any case (RFC 9110, section 11.1). */
const BEARER = /^bearer +([A-Za-z0-9._~+/=-]{1,512})$/i

/** Says who sent a request, by the keys that are configured at the time. */
export class Authorizer {
  readonly #keys: () => readonly ApiKeyConfig[]
  #known: readonly ApiKeyConfig[] | undefined
  #ring = new KeyRing([])

  constructor(keys: () => readonly ApiKeyConfig[]) {
    this.#keys = keys
  }

  /**
   * @param scope what the route needs; undefined: nothing
   * @throws {ApiProblem} `UNAUTHORIZED`, `FORBIDDEN`, `FOREIGN_ORIGIN`
   */
  callerOf(request: FastifyRequest, scope: AccessScope | undefined): Caller {
    const keys = this.#keys()
    if (keys.length === 0) {
      refuseForeign(request)
      return EVERYBODY
    }
    if (scope === undefined) return NOBODY
    if (keys !== this.#known) {
      this.#known = keys
      this.#ring = new KeyRing(keys)
    }
    const { authorization } = request.headers
    if (authorization === undefined) throw unauthorized('', 'send an API key, as Authorization: Bearer KEY')
    const key = BEARER.exec(authorization)?.[1]
    const caller = key === undefined ? undefined : this.#ring.find(key)
    if (caller === undefined) throw unauthorized(', error="invalid_token"', 'there is no such API key')
    if (!caller.scopes.has(scope)) throw forbidden(scope)
    return caller
  }
}

function forbidden(scope: AccessScope): ApiProblem {
  return new ApiProblem('FORBIDDEN', `the API key has not the scope ${scope}, which this needs`, {
    headers: {
      'www-authenticate': `Bearer realm="apns-worker", error="insufficient_scope", scope="${scope}"`,
    },
  })
}

function unauthorized(error: string, detail: string): ApiProblem {
  return new ApiProblem('UNAUTHORIZED', detail, {
    headers: { 'www-authenticate': `Bearer realm="apns-worker"${error}` },
  })
}
