import 'fastify'
import type { AccessScope } from '../config/server-config.js'

/** Who sent a request: `request.caller`, once the API's own hook has seen to it that the key is known. */
export interface Caller {
  readonly name: string
  readonly scopes: ReadonlySet<AccessScope>
  /** Whether the key is for this app. A route that is about an app answers as if it did not exist where it is not. */
  mayUse(app: string): boolean
  /** Whether it is for every app, those to come included. Default: no. */
  readonly isForAllApps?: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
  }
  interface FastifyContextConfig {
    /** The scope that a route needs; a route without is for everybody. */
    scope?: AccessScope
  }
}
