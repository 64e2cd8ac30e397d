import { type AppHealth, appHealth, type ObservedManager } from './app-health.js'
import type { StoreHealth } from './store-probe.js'

/** Whoever asks more often gets the same answer again: the question costs a transaction, and needs no key. */
const FRESH_MS = 1000

export interface Readiness {
  /**
   * - `ready`: what is accepted is stored and sent;
   * - `degraded`: what is accepted is stored, and not sent for some app at present;
   * - `unavailable`: nothing is accepted.
   */
  readonly status: 'ready' | 'degraded' | 'unavailable'
  readonly store: StoreHealth
  readonly worker: 'running' | 'stopped'
  /** By lane: the app's name, or `name@environment`. */
  readonly apps: Readonly<Record<string, AppHealth>>
}

export interface ReadinessSources {
  readonly managers: () => ReadonlyMap<string, ObservedManager>
  readonly probeStore: () => Promise<StoreHealth>
  /** From when the server runs until it begins to stop. */
  readonly isRunning: () => boolean
  /** Milliseconds that only go forwards. Default: `performance.now`. */
  readonly now?: () => number
}

/** Whether the server can do what it is for. */
export class ReadinessCheck {
  readonly #sources: ReadinessSources
  #store: Promise<StoreHealth> | undefined
  #askedAtMs = 0

  constructor(sources: ReadinessSources) {
    this.#sources = sources
  }

  async check(): Promise<Readiness> {
    const store = await this.#freshStore()
    const isRunning = this.#sources.isRunning()
    const apps = Object.fromEntries(
      [...this.#sources.managers()].map(([lane, manager]) => [lane, appHealth(manager)]),
    )
    const isSending = Object.values(apps).every(({ state }) => state === 'connected' || state === 'idle')
    const takes = isRunning && store.state === 'writable'
    return {
      status: !takes ? 'unavailable' : isSending ? 'ready' : 'degraded',
      store,
      worker: isRunning ? 'running' : 'stopped',
      apps,
    }
  }

  #freshStore(): Promise<StoreHealth> {
    const nowMs = this.#sources.now?.() ?? performance.now()
    if (this.#store === undefined || nowMs - this.#askedAtMs >= FRESH_MS) {
      this.#askedAtMs = nowMs
      this.#store = this.#sources.probeStore()
    }
    return this.#store
  }
}
