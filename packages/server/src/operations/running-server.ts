import type { Server as TlsServer } from 'node:https'
import type { FastifyInstance } from 'fastify'
import type { AppsReload } from '../apps/apps.js'
import type { ServerConfig } from '../config/server-config.js'
import type { OutboxStats } from '../outbox/outbox.js'
import type { StopReport } from '../worker/worker-options.js'
import type { Announcements } from './announcements.js'
import type { DrainGate } from './drain-gate.js'
import type { DrainReport } from './drain-report.js'
import type { FixedKey, LiveSettings } from './live-settings.js'
import { ServerError } from './server-error.js'
import type { FailedEnd, StartedParts } from './started-parts.js'

/** What a server is made of, once all of it has started. */
export interface ServerParts {
  /** `http://…`, `https://…`, or `unix:` and the path. */
  readonly address: string
  readonly api: FastifyInstance
  readonly settings: LiveSettings
  readonly gate: DrainGate
  readonly announcements: Announcements
  readonly apps: { reload(apps: ServerConfig['apps']): AppsReload; resume(app: string): void }
  readonly webhook: { replace(config: ServerConfig['webhook']): Promise<void> }
  readonly worker: { stop(timeoutMs: number): Promise<StopReport>; wake(): void }
  readonly outbox: { stats(): Promise<OutboxStats> }
  readonly follower: { close(): void }
  readonly fleet: { wake(): void }
  /** From then on nobody waits long for a store that does not answer. */
  readonly hurry: () => void
  /** Everything that was started, to be ended. */
  readonly started: StartedParts
  readonly log: { level: string }
}

export interface ReloadReport {
  readonly apps: AppsReload
  /** What the new configuration says otherwise, and only a new start can change. */
  readonly needsRestart: readonly FixedKey[]
}

/** A server that listens and sends. Whoever started it stops it. */
export class RunningServer implements AsyncDisposable {
  readonly address: string
  readonly #parts: ServerParts
  #reloading: Promise<unknown> = Promise.resolve()
  #stopping: Promise<DrainReport> | undefined

  constructor(parts: ServerParts) {
    this.address = parts.address
    this.#parts = parts
  }

  /**
   * Goes on with another configuration: apps and their credentials, API keys, limits, retention, the webhook, the API's
   * certificate and the log's level. Lines that a configuration error has stopped go on. Where an app cannot work, apps, keys and limits stay as they were.
   *
   * @throws {ServerError} `CANNOT_RELOAD`
   * @throws {AppConfigurationError}
   */
  reload(config: ServerConfig): Promise<ReloadReport> {
    const reload = this.#reloading.then(() => this.#reload(config))
    this.#reloading = reload.catch(() => {})
    return reload
  }

  /**
   * Stops: is not ready any more, takes no requests, sees those that it has to their end, and what is in flight to Apple;
   * gives the rest back to the store. Idempotent.
   *
   * @param options.timeout for what is in flight, in seconds. Default: the configuration's
   */
  stop(options: { readonly timeout?: number } = {}): Promise<DrainReport> {
    const timeoutMs =
      options.timeout === undefined ? this.#parts.settings.config.drainTimeoutMs : options.timeout * 1000
    this.#stopping ??= this.#stop(timeoutMs)
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #reload(config: ServerConfig): Promise<ReloadReport> {
    if (this.#stopping !== undefined) throw new ServerError('CANNOT_RELOAD', 'the server is stopping')
    const { settings, apps, api, webhook, worker, fleet, log } = this.#parts
    // What can fail comes first, and the apps last of it, since all of them change or none.
    settings.check(config)
    await webhook.replace(config.webhook)
    if (config.tls !== undefined && settings.config.tls !== undefined) {
      // It speaks TLS, since it was started with a certificate.
      const server = api.server as unknown as TlsServer
      server.setSecureContext(config.tls)
    }
    const changes = apps.reload(config.apps)
    // Whoever has mended what a configuration error was about, at Apple's or in the network, says so by this.
    for (const { name } of config.apps) apps.resume(name)
    const needsRestart = settings.replace(config)
    log.level = config.log.level
    // What the workers may have together may be another.
    fleet.wake()
    worker.wake()
    return { apps: changes, needsRestart }
  }

  async #stop(timeoutMs: number): Promise<DrainReport> {
    const startedMs = performance.now()
    const { gate, announcements, worker, started, follower, hurry } = this.#parts
    gate.close()
    hurry()
    await announcements.stopping()
    // Long polls and event streams would last as long as they may.
    follower.close()
    const failures: FailedEnd[] = []
    const [cutRequests, givenBack] = await Promise.all([
      gate.emptied(timeoutMs),
      worker.stop(timeoutMs).catch((cause: unknown) => {
        failures.push({ name: 'worker', cause })
        return { batches: 0, inDoubt: 0 }
      }),
    ])
    const pendingTokens = await this.#pendingTokens()
    failures.push(...(await started.end()))
    return {
      cutRequests,
      givenBackBatches: givenBack.batches,
      batchesInDoubt: givenBack.inDoubt,
      pendingTokens,
      failures: failures.map(({ name, cause }) => `${name}: ${String(cause)}`),
      seconds: (performance.now() - startedMs) / 1000,
    }
  }

  async #pendingTokens(): Promise<number | undefined> {
    try {
      return (await this.#parts.outbox.stats()).pending
    } catch {
      return undefined
    }
  }
}
