import type { ServerRole } from '../config/server-config.js'
import { type AppHealth, appHealth, type ObservedManager } from './app-health.js'
import type { StoreHealth } from './store-probe.js'

/** Whoever asks more often gets the same answer again: the question costs a transaction, and needs no key. */
const FRESH_MS = 1000

export interface Readiness {
  /**
   * - `ready`: what is accepted is stored, what is stored is sent, as far as it is this server's part;
   * - `degraded`: the same, but for some app nothing is sent at present;
   * - `unavailable`: nothing is accepted, or nothing sent.
   */
  readonly status: 'ready' | 'degraded' | 'unavailable'
  readonly role: ServerRole
  readonly store: StoreHealth
  /** `none`: others send what this one stores. */
  readonly worker: 'running' | 'stopped' | 'none'
  /** By lane: the app's name, or `name@environment`. Of a server that sends. */
  readonly apps: Readonly<Record<string, AppHealth>>
}

export interface ReadinessSources {
  readonly role: ServerRole
  readonly managers: () => ReadonlyMap<string, ObservedManager>
  readonly probeStore: () => Promise<StoreHealth>
  /** From when the server runs until it begins to stop. */
  readonly isRunning: () => boolean
  /** Whether it has a worker that has started; not asked where others send. */
  readonly isWorking: () => boolean
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
    const { role, isRunning, isWorking, managers } = this.#sources
    const sends = role !== 'api'
    // Where others send, the lines are theirs.
    const lanes = sends ? [...managers()] : []
    const apps = Object.fromEntries(lanes.map(([lane, manager]) => [lane, appHealth(manager)]))
    const isSending = Object.values(apps).every(({ state }) => state === 'connected' || state === 'idle')
    const worker = !sends ? 'none' : isRunning() && isWorking() ? 'running' : 'stopped'
    const works = isRunning() && worker !== 'stopped' && store.state === 'writable'
    return { status: !works ? 'unavailable' : isSending ? 'ready' : 'degraded', role, store, worker, apps }
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
