import type { StopReport } from '../worker/worker-options.js'

/** As much of `OutboxWorker` as is needed. */
interface Startable {
  readonly window: { readonly tokens: number; readonly inHand: number }
  wake(): void
  heed(): void
  giveBackOf(lane: string): void
  stop(timeoutMs?: number): Promise<StopReport>
}

const NOTHING: StopReport = { batches: 0, inDoubt: 0 }

/** The worker of a server: one that starts when its outbox is there, or none, where others send. */
export class WorkerSlot {
  readonly #start: (() => Promise<Startable>) | undefined
  #worker: Startable | undefined
  #starting: Promise<void> | undefined
  #isStopped = false

  /** @param start undefined: there will be none */
  constructor(start: (() => Promise<Startable>) | undefined) {
    this.#start = start
  }

  get isRunning(): boolean {
    return this.#worker !== undefined && !this.#isStopped
  }

  /** Starts it, where there will be one and it was not stopped. @throws what its start throws; try again then */
  async start(): Promise<void> {
    this.#starting ??= this.#startOnce().finally(() => {
      this.#starting = undefined
    })
    await this.#starting
  }

  /** What it has in hand; undefined while there is none. */
  get window(): Startable['window'] | undefined {
    return this.#worker?.window
  }

  wake(): void {
    this.#worker?.wake()
  }

  giveBackOf(lane: string): void {
    this.#worker?.giveBackOf(lane)
  }

  heed(): void {
    this.#worker?.heed()
  }

  /** Idempotent. @returns what it gave back */
  async stop(timeoutMs: number): Promise<StopReport> {
    this.#isStopped = true
    return (await this.#worker?.stop(timeoutMs)) ?? NOTHING
  }

  async #startOnce(): Promise<void> {
    if (this.#start === undefined || this.#worker !== undefined || this.#isStopped) return
    const worker = await this.#start()
    this.#worker = worker
    // It was told to stop while it started: it has nothing yet.
    if (this.#isStopped) await worker.stop(0)
  }
}
