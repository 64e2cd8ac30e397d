import type { Outbox } from '../outbox/outbox.js'

export interface LaneWatchOptions {
  readonly outbox: Pick<Outbox, 'stats'>
  /** Sends for these lanes too. @returns those that it cannot send for */
  readonly serve: (lanes: Iterable<string>) => readonly string[]
  /** Called with lanes that nobody can send for, once for each. */
  readonly onOrphans: (lanes: readonly string[]) => void
  readonly onError: (error: unknown) => void
  /** How often, in milliseconds. Default: 5000. */
  readonly pollMs?: number
}

const DEFAULT_POLL_MS = 5000

/**
 * Looks for lanes that have messages, and that nobody here has sent for yet: another process has accepted the first message
 * for an app's other environment, or for its channels. Whoever makes it starts it.
 */
export class LaneWatch implements AsyncDisposable {
  readonly #options: LaneWatchOptions
  #orphans: ReadonlySet<string> = new Set()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isStopped = false

  constructor(options: LaneWatchOptions) {
    this.#options = options
  }

  /** Looks now, and from then on. @throws {OutboxError} when the store does not say; call it again then */
  async start(): Promise<void> {
    await this.#look()
    this.#schedule()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#looking
  }

  async #look(): Promise<void> {
    const { outbox, serve, onOrphans } = this.#options
    const { apps } = await outbox.stats()
    if (this.#isStopped) return
    const orphans = serve(apps.map(({ app }) => app))
    const added = orphans.filter((lane) => !this.#orphans.has(lane))
    this.#orphans = new Set(orphans)
    if (added.length > 0) onOrphans(added)
  }

  #schedule(): void {
    if (this.#isStopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
        .catch(this.#options.onError)
        .finally(() => this.#schedule())
    }, this.#options.pollMs ?? DEFAULT_POLL_MS)
    this.#timer.unref()
  }
}
