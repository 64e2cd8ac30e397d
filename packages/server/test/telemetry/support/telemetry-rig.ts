import type { AddressInfo } from 'node:net'
import {
  type AppConfig,
  Apps,
  type MetricsAccess,
  type Outbox,
  OutboxWorker,
  openEmbeddedOutbox,
  startTelemetry,
  type Telemetry,
} from '@apns-worker/server'
import type { Simulator } from '@apns-worker/simulator'
import type { ApnsManager } from 'apns-worker'
import fastify, { type FastifyInstance } from 'fastify'

export interface RigOptions {
  readonly path: string
  readonly simulator: Simulator
  /** Default: one, `news`. */
  readonly apps?: readonly AppConfig[]
  readonly level?: 'debug' | 'info'
  readonly access?: MetricsAccess
  readonly environment?: NodeJS.ProcessEnv
  /** Routes of the test's own. */
  readonly addRoutes?: (app: FastifyInstance, outbox: Outbox) => void
}

/** A server's rooms, with telemetry in all of them, and as much of an API as is needed. */
export class TelemetryRig implements AsyncDisposable {
  readonly telemetry: Telemetry
  readonly outbox: Outbox
  readonly apps: Apps
  readonly worker: OutboxWorker
  readonly api: FastifyInstance
  readonly #lines: string[]

  private constructor(
    parts: Pick<TelemetryRig, 'telemetry' | 'outbox' | 'apps' | 'worker' | 'api'>,
    lines: string[],
  ) {
    this.telemetry = parts.telemetry
    this.outbox = parts.outbox
    this.apps = parts.apps
    this.worker = parts.worker
    this.api = parts.api
    this.#lines = lines
  }

  static async start(options: RigOptions): Promise<TelemetryRig> {
    const { path, simulator, level = 'info', access, environment = {}, addRoutes } = options
    const lines: string[] = []
    const destination = { write: (line: string): void => void lines.push(line) }
    const log = { level }
    const telemetry = await startTelemetry({ log, destination, metricsAccess: access, environment })
    const outbox = await openEmbeddedOutbox({ path, durability: 'crash', busyTimeoutMs: 10 })
    const configs = options.apps ?? [appOf(simulator)]
    const apps = new Apps(configs, { loggerOf: (lane) => telemetry.loggerOf(lane) })
    telemetry.observe({ outbox, apps })
    const { observer } = telemetry
    const onError = telemetry.report('the worker could not go on, and tries again')
    const { managers } = apps
    const worker = await OutboxWorker.start({
      outbox,
      owner: 'worker',
      managers,
      pollMs: 20,
      onError,
      observer,
    })
    const api = fastify()
    telemetry.instrument(api)
    void api.register(telemetry.plugin)
    addRoutes?.(api, telemetry.traced(outbox))
    await api.listen({ host: '127.0.0.1', port: 0 })
    return new TelemetryRig({ telemetry, outbox, apps, worker, api }, lines)
  }

  /** Everything that was logged. */
  get logText(): string {
    return this.#lines.join('')
  }

  get logged(): readonly Record<string, unknown>[] {
    return this.#lines.map((line): Record<string, unknown> => JSON.parse(line))
  }

  get url(): string {
    // It listens on a port.
    const { port } = this.api.server.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  /** The text of a scrape, over a socket. */
  async scrape(): Promise<string> {
    const response = await fetch(`${this.url}/metrics`)
    return response.text()
  }

  /** Resolves when a message is finished. */
  async finished(messageId: string): Promise<void> {
    this.worker.wake()
    for (;;) {
      const { finishedAtMs } = await this.outbox.message(messageId)
      if (finishedAtMs !== undefined) return
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Resolves when a configuration error has stopped the line of the app `news`. */
  async stopped(): Promise<ApnsManager> {
    for (;;) {
      const manager = this.apps.managers.get('news')
      if (manager?.paused !== undefined) return manager
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api.close()
    await this.worker.stop(0)
    await this.telemetry.shutdown()
    await this.apps.close(0)
    await this.outbox.close()
  }
}

/** An app that sends to the simulator with its key. */
export function appOf({ credentials, environment }: Simulator, name = 'news'): AppConfig {
  return { name, options: { ...credentials, environment, topic: 'com.example.app' } }
}
