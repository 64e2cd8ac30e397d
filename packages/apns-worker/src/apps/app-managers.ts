import { checkedEnvironment, environmentName } from '../backend/environment.js'
import { type CloseReport, ManagerClosedError } from '../closing.js'
import { loadCredentials } from '../credentials/credentials.js'
import { describeValue } from '../describe-value.js'
import type { ApnsError } from '../error.js'
import type { Logger } from '../logger.js'
import { ApnsManager } from '../manager.js'
import { checkFunction } from '../manager-options.js'
import { appBackendClass } from './app-backend.js'
import { AppConfigurationError } from './app-configuration-error.js'
import { type AppEntry, type AppOptions, appEntry, checkedKeys, located } from './app-options.js'
import { connectionKey } from './connection-key.js'
import { prefixed } from './prefixed-logger.js'
import { SharedBackend } from './shared-backend.js'

export interface AppManagersOptions {
  /** By the app's name, which is the topic too unless another is given: the options of its manager. */
  readonly apps?: Readonly<Record<string, AppOptions>> | undefined
  /** Options of all apps that do not say otherwise. Of an app with credentials, even a part of some, none are taken from here. */
  readonly defaults?: AppOptions | undefined
  /** Seconds without work after which an app's connections are closed, until it has some again. Default: 600. */
  readonly idleTimeout?: number | undefined
  /** Called with each error of an app that has no `errorHandler` of its own, and the app's name. */
  readonly errorHandler?: ((error: ApnsError, app: string) => unknown) | undefined
  /** For apps that have none of their own; each line begins with the app's name. */
  readonly logger?: Logger | undefined
}

/** Unlike Apple's advice for a single app, to keep connections for days: most of many are quiet. */
const DEFAULT_IDLE_TIMEOUT = 600

/**
 * Managers for many apps, of any teams and in both environments, from one configuration object.
 *
 * An app's manager is made when it is first asked for. Apps share connections where Apple allows it: those with the same
 * key of the same team, or the same certificate, in the same environment. Each has a queue, errors and dead tokens of
 * its own all the same, and is sent for in turn.
 */
export class AppManagers {
  readonly #options: AppManagersOptions
  readonly #defaults: AppOptions
  readonly #entries = new Map<string, AppEntry>()
  readonly #managers = new Map<string, ApnsManager>()
  readonly #shared = new Map<string, SharedBackend>()
  #closing: Promise<ReadonlyMap<string, CloseReport>> | undefined

  /**
   * Checks all options; credentials are read when a manager is made. See {@link AppManagers.check}.
   *
   * @throws {AppConfigurationError} with the path of the offending key
   */
  constructor(options: AppManagersOptions = {}) {
    const { apps = {}, defaults = {}, idleTimeout = DEFAULT_IDLE_TIMEOUT, ...rest } = checkedTop(options)
    this.#options = rest
    this.#defaults = { idleConnections: 0, idleTimeout, ...checkedKeys(defaults, 'defaults') }
    for (const [name, own] of Object.entries(apps)) this.add(name, own)
  }

  /** The names of all apps. */
  get names(): string[] {
    return [...this.#entries.keys()]
  }

  has(name: string): boolean {
    return this.#entries.has(name)
  }

  /**
   * An app's manager: the same one at each call. It may be kept; its connections come and go.
   *
   * @throws {AppConfigurationError} when there is no such app, or its credentials can not work
   * @throws {ManagerClosedError} after `close` was called
   */
  get(name: string): ApnsManager {
    if (this.#closing !== undefined) throw new ManagerClosedError()
    const present = this.#managers.get(name)
    if (present !== undefined) return present
    const entry = this.#entries.get(name)
    if (entry === undefined) throw unknownApp(name)
    try {
      const manager = this.#make(entry)
      this.#managers.set(name, manager)
      return manager
    } catch (cause) {
      throw located(entry, cause)
    }
  }

  /**
   * Whose connections an app uses: the same for apps that share them, in this process and in any other with the same
   * configuration. A digest, which tells nothing of the credentials.
   *
   * @throws {AppConfigurationError} when there is no such app
   */
  lineOf(name: string): string {
    const entry = this.#entries.get(name)
    if (entry === undefined) throw unknownApp(name)
    return connectionKey(entry.options) ?? `app ${name}`
  }

  /**
   * Adds an app while others are being sent for.
   *
   * @throws {AppConfigurationError}
   */
  add(name: string, options: AppOptions): void {
    if (this.#entries.has(name)) {
      const path = `apps[${JSON.stringify(name)}]`
      const message = `${path} is there already; remove it first`
      throw new AppConfigurationError('APP_OPTION_INVALID', path, message, { app: name })
    }
    this.#entries.set(name, appEntry(name, options, this.#defaults))
  }

  /**
   * Closes an app's manager and forgets the app.
   *
   * @param options.timeout as in `ApnsManager.close`
   * @returns what was not sent; undefined when there was no manager
   */
  async remove(name: string, options?: { readonly timeout?: number }): Promise<CloseReport | undefined> {
    const manager = this.#managers.get(name)
    this.#entries.delete(name)
    this.#managers.delete(name)
    return manager?.close(options)
  }

  /** Reads the credentials of all apps, and gives what is wrong with them: nothing, if it is empty. */
  check(): AppConfigurationError[] {
    return [...this.#entries.values()].flatMap((entry) => {
      try {
        const environment = environmentName(checkedEnvironment(entry.options.environment))
        loadCredentials(entry.options, { environment, now: Date.now })
        return []
      } catch (cause) {
        return [located(entry, cause)]
      }
    })
  }

  /**
   * Sends what is queued for all apps, then disconnects. Idempotent: later calls give the same report.
   *
   * @param options.timeout as in `ApnsManager.close`
   * @returns what was not sent, by the app's name
   */
  close(options?: { readonly timeout?: number }): Promise<ReadonlyMap<string, CloseReport>> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(options?: { readonly timeout?: number }): Promise<ReadonlyMap<string, CloseReport>> {
    const reports = Array.from(
      this.#managers,
      async ([name, manager]): Promise<[string, CloseReport]> => [name, await manager.close(options)],
    )
    return new Map(await Promise.all(reports))
  }

  #make({ name, options }: AppEntry): ApnsManager {
    const { errorHandler, logger } = this.#options
    const own = {
      name,
      ...(errorHandler === undefined
        ? {}
        : { errorHandler: (error: ApnsError) => errorHandler(error, name) }),
      ...(logger === undefined ? {} : { logger: prefixed(logger, name) }),
      ...options,
    }
    const key = connectionKey(options)
    if (key === undefined) return new ApnsManager(own)
    let shared = this.#shared.get(key)
    if (shared === undefined) {
      const { topic: _topic, errorHandler: _errorHandler, ...common } = own
      const environment = checkedEnvironment(options.environment)
      shared = new SharedBackend({ ...common, environment }, () => this.#shared.delete(key))
      this.#shared.set(key, shared)
    }
    const forget = (): void => {
      if (this.#managers.get(name) === manager) this.#managers.delete(name)
    }
    const manager = new ApnsManager({ ...own, backend: appBackendClass(shared, forget) })
    return manager
  }
}

const TOP_OPTIONS: Readonly<Record<keyof AppManagersOptions, true>> = {
  apps: true,
  defaults: true,
  idleTimeout: true,
  errorHandler: true,
  logger: true,
}

function checkedTop(options: AppManagersOptions): AppManagersOptions {
  for (const [option, value] of Object.entries(options)) {
    if (!Object.hasOwn(TOP_OPTIONS, option)) {
      const message = `${option} is no option; there are ${Object.keys(TOP_OPTIONS).join(', ')}`
      throw new AppConfigurationError('APP_OPTION_INVALID', option, message)
    }
    if (option === 'errorHandler' && value !== undefined) checkFunction(value, option)
    if (option === 'apps' && (value === null || typeof value !== 'object')) {
      const message = `apps is ${describeValue(value)}; give an object of apps by their names`
      throw new AppConfigurationError('APP_OPTION_INVALID', 'apps', message)
    }
  }
  return options
}

function unknownApp(name: string): AppConfigurationError {
  const path = `apps[${JSON.stringify(name)}]`
  return new AppConfigurationError('APP_UNKNOWN', path, `${path} is not configured: there is no such app`, {
    app: name,
  })
}
