import { isDeepStrictEqual } from 'node:util'
import {
  type ApnsError,
  type ApnsManager,
  AppManagers,
  type AppOptions,
  BroadcastBackend,
  ChannelManager,
  type Logger,
} from 'apns-worker'
import type { AppConfig } from '../config/server-config.js'
import { infoOf } from './app-info.js'
import {
  type AppInfo,
  type AppRegistry,
  appOfLane,
  type EnvironmentName,
  type LaneService,
  laneName,
  parseLane,
  UnknownAppError,
} from './app-registry.js'
import { SharedLines } from './shared-lines.js'

export interface AppsOptions {
  /** For what a lane's manager has to say. */
  readonly loggerOf?: ((lane: string) => Logger) | undefined
  /** Called with each error of a lane: refusals of single notifications, and what stops the line. */
  readonly onError?: ((error: ApnsError, lane: string) => void) | undefined
  /** How long a manager that is replaced may go on sending what it has, in milliseconds. Default: 30,000. */
  readonly drainTimeoutMs?: number | undefined
}

/** What a reload did, by the apps' names. */
export interface AppsReload {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

const DEFAULT_DRAIN_TIMEOUT_MS = 30_000
/** Of each connection that was ever needed one stays open, as Apple asks for. */
const DEFAULTS: AppOptions = { idleConnections: 1 }
/** What there is to say will be said by the managers that stay. */
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const ENVIRONMENTS: readonly EnvironmentName[] = ['production', 'sandbox']
const SERVICES: readonly LaneService[] = ['devices', 'broadcast']

/** The configured apps, and the managers of their lanes, which share connections where Apple allows it. */
export class Apps implements AppRegistry {
  /** What the lanes that are served share with other processes. */
  readonly lines: SharedLines = new SharedLines()
  readonly #options: AppsOptions
  readonly #pool = new AppManagers({ defaults: DEFAULTS })
  readonly #managers = new Map<string, ApnsManager>()
  readonly #channels = new Map<string, ChannelManager>()
  readonly #draining = new Set<Promise<unknown>>()
  #onManager: ((lane: string) => void) | undefined
  #configs = new Map<string, AppConfig>()
  #infos = new Map<string, AppInfo>()

  /**
   * Makes the manager of each app's own lane, which reads and checks its credentials.
   *
   * @throws {AppConfigurationError} for the first that cannot work
   */
  constructor(configs: readonly AppConfig[], options: AppsOptions = {}) {
    this.#options = options
    check(configs)
    this.#adopt(configs)
  }

  get apps(): ReadonlyMap<string, AppInfo> {
    return this.#infos
  }

  get managers(): ReadonlyMap<string, ApnsManager> {
    return this.#managers
  }

  laneOf(app: string, environment?: EnvironmentName, service: LaneService = 'devices'): string {
    const config = this.#configOf(app)
    const lane = laneName(app, otherThanOwn(config, environment), service)
    this.#open(lane, config, environment, service)
    return lane
  }

  lanesOf(app: string): readonly string[] {
    const config = this.#configs.get(app)
    if (config === undefined) return []
    const { environment = 'production' } = config.options
    const others = typeof environment === 'string' ? ENVIRONMENTS.filter((name) => name !== environment) : []
    return [undefined, ...others].flatMap((name) => SERVICES.map((service) => laneName(app, name, service)))
  }

  channelsOf(app: string, environment?: EnvironmentName): ChannelManager {
    const config = this.#configOf(app)
    const lane = laneName(app, otherThanOwn(config, environment))
    const present = this.#channels.get(lane)
    if (present !== undefined) return present
    const options = inEnvironment(config, environment)
    const manager = this.#attempt(app, environment, () => new ChannelManager(options))
    this.#channels.set(lane, manager)
    return manager
  }

  /**
   * Makes the managers of lanes that have messages, such as those of a former run.
   *
   * @returns those whose app is not configured any more, or cannot send there: their messages wait
   */
  serve(lanes: Iterable<string>): string[] {
    return [...lanes].filter((name) => {
      const lane = parseLane(name)
      try {
        if (lane !== undefined) this.laneOf(lane.app, lane.environment, lane.service)
        return lane === undefined
      } catch (error) {
        if (error instanceof UnknownAppError) return true
        throw error
      }
    })
  }

  /** Calls with each lane that has a manager, and with each whose manager is made from now on, before it is used. */
  watchManagers(listener: (lane: string) => void): void {
    this.#onManager = listener
    for (const lane of this.#managers.keys()) listener(lane)
  }

  /** How many connections an app says that one process may have. */
  maxConnectionsOf(lane: string): number | undefined {
    return this.#configs.get(appOfLane(lane))?.options.maxConnections
  }

  /** Goes on where a configuration error has stopped an app's lines. @throws {UnknownAppError} */
  resume(app: string): void {
    this.#configOf(app)
    for (const lane of this.lanesOf(app)) this.#managers.get(lane)?.resume()
  }

  /**
   * Takes another configuration. Apps that are the same in it keep their managers and connections; of the others, a manager
   * that is replaced goes on sending what it has.
   *
   * @throws {AppConfigurationError} when an app cannot work; nothing is changed then
   */
  reload(configs: readonly AppConfig[]): AppsReload {
    check(configs)
    const next = new Map(configs.map((config) => [config.name, config]))
    const removed = [...this.#configs.keys()].filter((name) => !next.has(name))
    const added = [...next.keys()].filter((name) => !this.#configs.has(name))
    const changed = [...next.keys()].filter(
      (name) => this.#configs.has(name) && !isDeepStrictEqual(this.#configs.get(name), next.get(name)),
    )
    // Asked while they are still known: a changed app's lanes may be other ones afterwards.
    const lanes = [...removed, ...changed].flatMap((name) => this.lanesOf(name))
    const replaced = lanes.filter((lane) => this.#managers.has(lane))
    for (const lane of lanes) this.#retire(lane)
    this.#adopt(configs)
    // Those of other environments have messages on their way, too.
    this.serve(replaced)
    return { added, removed, changed }
  }

  /**
   * Sends what the managers have, and disconnects.
   *
   * @param timeoutMs for that. Default: that of `drainTimeoutMs`
   */
  async close(timeoutMs: number = this.#drainTimeoutMs): Promise<void> {
    const channels = [...this.#channels.values()].map((manager) => manager.close())
    await Promise.all([this.#pool.close({ timeout: timeoutMs / 1000 }), ...channels, ...this.#draining])
  }

  get #drainTimeoutMs(): number {
    return this.#options.drainTimeoutMs ?? DEFAULT_DRAIN_TIMEOUT_MS
  }

  #adopt(configs: readonly AppConfig[]): void {
    this.#configs = new Map(configs.map((config) => [config.name, config]))
    this.#infos = new Map(configs.map((config) => [config.name, infoOf(config)]))
    for (const config of configs) this.#open(config.name, config, undefined, 'devices')
  }

  #open(
    lane: string,
    config: AppConfig,
    environment: EnvironmentName | undefined,
    service: LaneService,
  ): void {
    if (this.#managers.has(lane)) return
    const { loggerOf, onError } = this.#options
    const options: AppOptions = {
      topic: config.name,
      ...inEnvironment(config, environment),
      ...(service === 'broadcast' ? { backend: BroadcastBackend } : {}),
      ...(loggerOf === undefined ? {} : { logger: loggerOf(lane) }),
      ...(onError === undefined ? {} : { errorHandler: (error: ApnsError) => onError(error, lane) }),
    }
    this.#attempt(config.name, environment, () => {
      this.#pool.add(lane, options)
      try {
        this.#managers.set(lane, this.#pool.get(lane))
        this.lines.add(lane, this.#pool.lineOf(lane), config.fleetConnections)
        this.#onManager?.(lane)
      } catch (error) {
        void this.#pool.remove(lane)
        throw error
      }
    })
  }

  #retire(lane: string): void {
    const channels = this.#channels.get(lane)
    this.#channels.delete(lane)
    const isServed = this.#managers.delete(lane)
    this.lines.remove(lane)
    if (channels !== undefined) this.#drain(channels.close())
    if (isServed) this.#drain(this.#pool.remove(lane, { timeout: this.#drainTimeoutMs / 1000 }))
  }

  #drain(work: Promise<unknown>): void {
    this.#draining.add(work)
    void work.finally(() => this.#draining.delete(work))
  }

  #configOf(app: string): AppConfig {
    const config = this.#configs.get(app)
    if (config !== undefined) return config
    const known = [...this.#configs.keys()].join(', ')
    throw new UnknownAppError(`there is no app ${JSON.stringify(app)}; there are: ${known || 'none'}`)
  }

  #attempt<Result>(app: string, environment: EnvironmentName | undefined, make: () => Result): Result {
    try {
      return make()
    } catch (cause) {
      if (environment === undefined) throw cause
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new UnknownAppError(`the app ${app} cannot send to the environment ${environment}: ${why}`, {
        cause,
      })
    }
  }
}

/**
 * Makes the manager of each app's own lane once, and throws it away, so that what is wrong shows before anything is
 * changed: a proxy that can not be is found in no other way.
 *
 * @throws {AppConfigurationError}
 */
function check(configs: readonly AppConfig[]): void {
  const apps = Object.fromEntries(configs.map(({ name, options }) => [name, options]))
  const rehearsal = new AppManagers({ apps, defaults: DEFAULTS, logger: SILENT })
  try {
    for (const { name } of configs) rehearsal.get(name)
  } finally {
    // Nothing was sent, so nothing is connected.
    void rehearsal.close({ timeout: 0 })
  }
}

/** @throws {UnknownAppError} where the app is not at Apple's at all */
function otherThanOwn(
  { name, options }: AppConfig,
  environment: EnvironmentName | undefined,
): EnvironmentName | undefined {
  const { environment: own = 'production' } = options
  if (environment === undefined || environment === own) return undefined
  if (typeof own === 'string') return environment
  throw new UnknownAppError(`the app ${name} sends to ${own.host}, and has no environment ${environment}`)
}

function inEnvironment(
  { options }: AppConfig,
  environment: EnvironmentName | undefined,
): AppConfig['options'] {
  return environment === undefined ? options : { ...options, environment }
}
