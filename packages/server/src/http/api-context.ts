import type { FastifyBaseLogger, FastifyPluginAsync } from 'fastify'
import type { AppRegistry } from '../apps/app-registry.js'
import type { ApiKeyConfig, LimitsConfig, ServerConfig } from '../config/server-config.js'
import type { Outbox } from '../outbox/outbox.js'

/**
 * What the API works with. It owns none of it: whoever makes it closes it, after the API.
 *
 * `apiKeys` and `limits` are read at each request, and may be getters: what is reloaded holds from the next request on.
 */
export interface ApiContext {
  readonly outbox: Outbox
  readonly apps: AppRegistry
  /** Empty: everybody may do everything, who is on this machine and is no other site's page in a browser. */
  readonly apiKeys: readonly ApiKeyConfig[]
  readonly limits: LimitsConfig
  /** Undefined: plain HTTP. Read once. */
  readonly tls?: ServerConfig['tls']
  readonly logger: FastifyBaseLogger
  /** The lanes whose line a configuration error has stopped, in any process. Default: those of {@link apps}. */
  readonly stoppedLanes?: () => Promise<ReadonlySet<string>>
  /** False: none of the API's own routes is there, only those of {@link plugins}. Default: true. */
  readonly takesMessages?: boolean
  /** Called when something was stored that can be sent. */
  wake(): void
  /** Unix time in milliseconds. Default: `Date.now`. */
  now?(): number
  /** More routes. They are protected as the API's own are, by `config: { scope }`, and their errors become problems. */
  readonly plugins?: readonly FastifyPluginAsync[]
}
