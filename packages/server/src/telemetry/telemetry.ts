import type { Logger } from 'apns-worker'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { Logger as ServerLog } from 'pino'
import type { ServerConfig } from '../config/server-config.js'
import type { ClaimedBatch, Outbox } from '../outbox/outbox.js'
import type { BatchEnd, WorkerObserver } from '../worker/worker-observer.js'
import { FinishedMessages } from './logs/finished-messages.js'
import { laneLogger } from './logs/lane-logger.js'
import { RepeatFilter } from './logs/repeat-filter.js'
import { createServerLog, type LogDestination } from './logs/server-log.js'
import { type LaneLabels, laneLabels } from './metrics/lane-labels.js'
import { type MetricsAccess, metricsPlugin } from './metrics/metrics-plugin.js'
import { ProcessGauges } from './metrics/process-gauges.js'
import { RequestBooks } from './metrics/request-books.js'
import { type MetricSources, scrape } from './metrics/scrape.js'
import { SendingBooks } from './metrics/sending-books.js'
import { allOf } from './observers.js'
import { startTracing, type Tracing } from './traces/tracing.js'

export interface TelemetryOptions {
  readonly log: ServerConfig['log']
  /** Where the log goes; default: standard output. */
  readonly destination?: LogDestination | undefined
  /** Who may scrape. Default: who has a key with the scope `read`. */
  readonly metricsAccess?: MetricsAccess | undefined
  /** Says whether there are traces. Default: the process's. */
  readonly environment?: NodeJS.ProcessEnv | undefined
}

/** What the parts of a server are asked for, once they are there. */
export interface TelemetrySources extends MetricSources {
  readonly outbox: Pick<Outbox, 'stats' | 'message'>
}

/** What the server tells of itself: its log, its metrics, and its traces where they are asked for. */
export class Telemetry {
  readonly log: ServerLog
  /** For `OutboxWorker`. */
  readonly observer: WorkerObserver
  /** `GET /metrics`, for `ApiContext.plugins`. */
  readonly plugin: FastifyPluginAsync
  readonly #tracing: Tracing | undefined
  readonly #filter = new RepeatFilter()
  readonly #requests = new RequestBooks()
  readonly #process = new ProcessGauges()
  #sources: TelemetrySources | undefined
  #finished: FinishedMessages | undefined

  constructor(options: TelemetryOptions, log: ServerLog, tracing: Tracing | undefined) {
    this.log = log
    this.#tracing = tracing
    const sending = new SendingBooks()
    const books = { sending, requests: this.#requests, process: this.#process }
    const ended = (batch: ClaimedBatch, how: BatchEnd): void => this.#finished?.ended(batch, how)
    const nothing = (): void => {}
    const finished = { claimed: nothing, answered: nothing, recorded: nothing, failed: nothing, ended }
    this.observer = allOf([sending, finished, ...(tracing === undefined ? [] : [tracing.observer])])
    this.plugin = metricsPlugin(() => scrape(books, this.#sources), options.metricsAccess ?? 'read')
  }

  /** Says where the figures come from that are asked for at each scrape. Call it as soon as these parts are there. */
  observe(sources: TelemetrySources): void {
    this.#sources = sources
    const { outbox } = sources
    this.#finished = new FinishedMessages({ outbox, log: this.log, labelsOf: (lane) => this.#labelsOf(lane) })
  }

  /** For the manager of a lane: `AppsOptions.loggerOf`. */
  loggerOf(lane: string): Logger {
    return laneLogger(this.log, () => this.#labelsOf(lane))
  }

  /** Counts, times and traces the requests of an API. Call it right after `createApi`, before it is ready. */
  instrument(app: FastifyInstance): void {
    app.addHook('onResponse', (request, reply, done) => {
      this.#requests.count(request, reply)
      if (this.log.isLevelEnabled('debug')) {
        const { method, url, ip } = request
        const facts = { method, url, ip, status: reply.statusCode, seconds: reply.elapsedTime / 1000 }
        this.log.debug(facts, 'request')
      }
      done()
    })
    this.#tracing?.instrument(app)
  }

  /** The outbox that the API is to store with, so that what is sent is linked to the request that it came with. */
  traced(outbox: Outbox): Outbox {
    return this.#tracing?.traced(outbox) ?? outbox
  }

  /** For `OutboxWorkerOptions.onError` and the like: a line for each kind of error, every ten seconds at most. */
  report(what: string): (error: unknown) => void {
    return (error) => {
      const kind = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      const withheld = this.#filter.admit(`${what} ${kind}`)
      if (withheld === undefined) return
      this.log.error({ err: error, ...(withheld > 0 ? { withheld } : {}) }, what)
    }
  }

  /** Writes and sends what there is yet. Call it when the worker and the API have stopped, and before the outbox is closed. */
  async shutdown(): Promise<void> {
    await this.#finished?.stop()
    this.#process[Symbol.dispose]()
    await this.#tracing?.shutdown().catch(this.report('the last traces could not be sent'))
  }

  #labelsOf(lane: string): LaneLabels {
    return laneLabels(lane, this.#sources?.apps.apps)
  }
}

/** Loads what the configuration and the environment ask for. Whoever starts it shuts it down. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const log = createServerLog(options.log.level, options.destination)
  const tracing = await startTracing(options.environment ?? process.env, log)
  return new Telemetry(options, log, tracing)
}
