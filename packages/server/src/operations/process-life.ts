import { constants } from 'node:os'
import type { FastifyBaseLogger } from 'fastify'
import type { ServerConfig } from '../config/server-config.js'
import { type DrainReport, isClean } from './drain-report.js'
import type { RunningServer } from './running-server.js'

/** What the exit code of a server's process says; one that a second signal has ended says 128 and the signal's number. */
export const SERVER_EXIT_CODE = {
  /** Stopped as it was told to, and everything that was in flight was answered. */
  drained: 0,
  /** An error that nobody has foreseen: what it would have done next is unknown, so it did nothing. */
  failed: 1,
  /** It did not start: the configuration, the address, the store. To start it again as it is will not help. */
  couldNotStart: 2,
  /** Stopped as it was told to, but not all that was in flight was answered in time. Nothing is lost. */
  cutOff: 3,
} as const

export interface ProcessLifeOptions {
  readonly start: () => Promise<RunningServer>
  /** For SIGHUP. Default: there is nothing to read again. */
  readonly readConfig?: () => ServerConfig | Promise<ServerConfig>
  readonly logger: FastifyBaseLogger
  /**
   * Called once it has started, with a signal that is aborted when it is told to stop; when what it returns resolves, the
   * server is stopped. Default: it runs until it is told.
   */
  readonly whileRunning?: (server: RunningServer, told: AbortSignal) => Promise<void>
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const
type StopSignal = (typeof STOP_SIGNALS)[number]

/**
 * Runs a server for as long as its process is to live: SIGTERM or SIGINT stops it, a second one ends the process at once,
 * and SIGHUP has it read its configuration again. An error that nobody has caught is logged, and ends the process: a
 * server in a state that nobody knows is worse than none, and the store has what the next one needs.
 *
 * @returns the exit code, see {@link SERVER_EXIT_CODE}
 * @throws what `start` and `whileRunning` throw
 */
export async function runServer(options: ProcessLifeOptions): Promise<number> {
  const { logger } = options
  const life = new ProcessLife(options)
  life.watch()
  try {
    const server = await options.start()
    logger.info(`listening on ${server.address}`)
    life.started(server)
    try {
      const work = options.whileRunning?.(server, life.signal)
      await (work === undefined ? life.told : Promise.race([life.told, work]))
    } finally {
      await server.stop()
    }
    const report = await server.stop()
    logReport(logger, report)
    return isClean(report) ? SERVER_EXIT_CODE.drained : SERVER_EXIT_CODE.cutOff
  } finally {
    life.unwatch()
  }
}

class ProcessLife {
  readonly #options: ProcessLifeOptions
  readonly #told = new AbortController()
  #server: RunningServer | undefined

  constructor(options: ProcessLifeOptions) {
    this.#options = options
  }

  /** Aborted when the process is told to stop. */
  get signal(): AbortSignal {
    return this.#told.signal
  }

  /** Resolves when the process is told to stop. */
  get told(): Promise<void> {
    const { signal } = this.#told
    return new Promise((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  watch(): void {
    for (const signal of STOP_SIGNALS) process.on(signal, this.#stop)
    process.on('SIGHUP', this.#reload)
    process.on('uncaughtException', this.#fail)
  }

  unwatch(): void {
    for (const signal of STOP_SIGNALS) process.off(signal, this.#stop)
    process.off('SIGHUP', this.#reload)
    process.off('uncaughtException', this.#fail)
  }

  started(server: RunningServer): void {
    this.#server = server
  }

  readonly #stop = (signal: StopSignal): void => {
    const { logger } = this.#options
    if (this.signal.aborted) {
      logger.warn(`${signal} again: ending at once; what was in flight is in the store`)
      process.exit(128 + constants.signals[signal])
    }
    logger.info(`${signal}: stopping; again to end at once`)
    this.#told.abort()
  }

  readonly #reload = (): void => {
    void this.#reloadConfig()
  }

  async #reloadConfig(): Promise<void> {
    const { logger, readConfig } = this.#options
    if (readConfig === undefined || this.#server === undefined || this.signal.aborted) {
      logger.warn('SIGHUP: there is nothing to reload now')
      return
    }
    try {
      const { apps, needsRestart } = await this.#server.reload(await readConfig())
      logger.info({ apps }, 'SIGHUP: the configuration was read again')
      if (needsRestart.length > 0) {
        logger.warn(`${needsRestart.join(', ')}: what changed there counts after a restart only`)
      }
    } catch (error) {
      logger.error({ err: error }, 'SIGHUP: the configuration stays as it was')
    }
  }

  /** Rejections that nobody handles come here too. */
  readonly #fail = (error: unknown): void => {
    this.#options.logger.fatal({ err: error }, 'an error that nobody has caught: the process ends')
    process.exit(SERVER_EXIT_CODE.failed)
  }
}

function logReport(logger: FastifyBaseLogger, report: DrainReport): void {
  const { pendingTokens, seconds } = report
  const left = pendingTokens === undefined ? 'an unknown number of' : pendingTokens
  const line = `stopped in ${seconds.toFixed(1)} s; ${left} tokens wait for the next start`
  if (isClean(report)) logger.info(report, line)
  else logger.warn(report, `${line}, and not all that was in flight was answered`)
}
