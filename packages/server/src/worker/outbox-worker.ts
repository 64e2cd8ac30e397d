import { ManagerClosedError } from 'apns-worker'
import type { BatchProgress, ClaimedBatch, ClaimRequest, LeaseState, Outbox } from '../outbox/outbox.js'
import { BatchInHand } from './batch-in-hand.js'
import type { BatchEnd, OutboxCall, WorkerObserver } from './worker-observer.js'
import type { OutboxWorkerOptions, StopReport } from './worker-options.js'

const DEFAULT_LEASE_MS = 60_000
const DEFAULT_WINDOW_TOKENS = 20_000
const DEFAULT_POLL_MS = 1000
/** Twice may renewing fail before a lease is over. */
const RENEWALS_PER_LEASE = 3
/** A pause or cancellation by another process is heard of by then, where nothing tells of it before. */
const HEED_EVERY_MS = 3000
/** How long it waits after the outbox has failed, and before what it gave back unsent is tried again. */
const RETRY_MS = 1000
const DEFAULT_STOP_TIMEOUT_MS = 30_000

/**
 * Takes batches from an outbox, sends them, and writes down what became of them; a batch of progress is written while the
 * next one gathers. Whoever starts it stops it.
 */
export class OutboxWorker {
  readonly #outbox: Outbox
  readonly #owner: string
  readonly #managers: OutboxWorkerOptions['managers']
  readonly #leaseMs: number
  readonly #windowTokens: number
  readonly #pollMs: number
  readonly #recordIntervalMs: number
  readonly #onError: (error: unknown) => void
  readonly #observer: WorkerObserver | undefined
  readonly #mayClaim: (app: string) => boolean
  readonly #inHand = new Map<number, BatchInHand>()
  readonly #renewal: NodeJS.Timeout
  readonly #claiming: Promise<void>
  #handedTokens = 0
  #dirty = new Set<BatchInHand>()
  #recording: Promise<void> | undefined
  #wake: (() => void) | undefined
  #isAwake = false
  #stopping: Promise<StopReport> | undefined
  #releasing = 0
  #isTold = false
  #isHeeding = false
  readonly #givenBack = { batches: 0, inDoubt: 0 }
  #idleChanged: (() => void) | undefined

  /**
   * Starts it, and ends the leases that its former self had.
   *
   * @throws {OutboxError}
   */
  static async start(options: OutboxWorkerOptions): Promise<OutboxWorker> {
    await options.outbox.takeOver(options.owner)
    return new OutboxWorker(options)
  }

  private constructor(options: OutboxWorkerOptions) {
    this.#outbox = options.outbox
    this.#owner = options.owner
    this.#managers = options.managers
    this.#leaseMs = options.leaseMs ?? DEFAULT_LEASE_MS
    this.#windowTokens = options.windowTokens ?? DEFAULT_WINDOW_TOKENS
    this.#pollMs = options.pollMs ?? DEFAULT_POLL_MS
    this.#recordIntervalMs = options.recordIntervalMs ?? 0
    this.#onError = options.onError ?? (() => {})
    this.#observer = options.observer
    this.#mayClaim = options.mayClaim ?? (() => true)
    this.#renewal = setInterval(
      () => void this.#renew(),
      Math.min(this.#leaseMs / RENEWALS_PER_LEASE, HEED_EVERY_MS),
    )
    this.#claiming = this.#claimWhileRunning()
  }

  /** Looks for work at once: call it after appending. */
  wake(): void {
    this.#isAwake = true
    this.#wake?.()
  }

  /** Asks at once where its leases stand: call it after something was paused, cancelled or purged, by whomever. */
  heed(): void {
    this.#isTold = true
    if (!this.#isHeeding) void this.#heed()
  }

  /** How many tokens it has in hand, and how many it takes about. */
  get window(): { readonly tokens: number; readonly inHand: number } {
    return { tokens: this.#windowTokens, inHand: this.#handedTokens }
  }

  /** Gives back what it has of an app and has not sent, so that others send it. */
  giveBackOf(app: string): void {
    for (const batch of this.#inHand.values())
      if (batch.batch.message.app === app) batch.takeBack('given back')
  }

  /**
   * Claims no more, takes back what was not sent, waits for what is in flight, and gives the rest back. Idempotent.
   *
   * @param timeoutMs for what is in flight. Default: 30,000
   */
  stop(timeoutMs: number = DEFAULT_STOP_TIMEOUT_MS): Promise<StopReport> {
    this.#stopping ??= this.#stop(timeoutMs)
    return this.#stopping
  }

  async #claimWhileRunning(): Promise<void> {
    while (this.#stopping === undefined) {
      this.#isAwake = false
      const waitMs = await this.#claim().catch((error: unknown) => {
        this.#failed('claim', error)
        return RETRY_MS
      })
      if (waitMs > 0 && !this.#isAwake && this.#stopping === undefined) await this.#sleep(waitMs)
    }
  }

  /** @returns how long to wait before there may be more to claim */
  async #claim(): Promise<number> {
    const apps = [...this.#managers]
      .filter(([app, { paused }]) => paused === undefined && this.#mayClaim(app))
      .map(([app]) => app)
    const room = this.#roomFor(apps.length)
    if (room === undefined) return this.#pollMs
    const claim = { owner: this.#owner, leaseMs: this.#leaseMs, apps, ...room }
    const { batches, nextAtMs, suppressed } = await this.#outbox.claim(claim)
    if (batches.length > 0 || suppressed !== undefined) this.#observer?.claimed(batches, suppressed ?? {})
    for (const batch of batches) this.#take(batch)
    if (batches.length > 0) return 0
    // The outbox's clock need not be this process's: no more is known than that the moment is near.
    return nextAtMs === undefined ? this.#pollMs : Math.max(1, Math.min(this.#pollMs, nextAtMs - Date.now()))
  }

  /**
   * How much to claim; undefined for nothing.
   *
   * Of several apps, each gets no more than is left for the others: however many of them are slow, or get no answers, there
   * is room for one more.
   */
  #roomFor(apps: number): Pick<ClaimRequest, 'maxTokens' | 'maxTokensPerApp'> | undefined {
    const free = this.#windowTokens - this.#handedTokens
    // Few large claims cost less than many small ones.
    if (apps <= 1) return free < this.#windowTokens / 2 ? undefined : { maxTokens: free }
    const half = Math.ceil(free / 2)
    return half < 1 ? undefined : { maxTokens: half, maxTokensPerApp: half }
  }

  #take(batch: ClaimedBatch): void {
    const manager = this.#managers.get(batch.message.app)
    try {
      if (manager === undefined) throw new ManagerClosedError()
      const inHand = new BatchInHand(batch, manager, this.#progressed)
      this.#inHand.set(batch.batchId, inHand)
      this.#handedTokens += inHand.size
      if (this.#stopping !== undefined) inHand.takeBack('given back')
    } catch (error) {
      this.#onError(error)
      void this.#refuse(batch, error)
    }
  }

  /** What cannot be sent by anybody is settled; what this worker cannot send is given back. */
  async #refuse(batch: ClaimedBatch, error: unknown): Promise<void> {
    try {
      if (error instanceof ManagerClosedError) {
        await this.#outbox.release([
          { ...batch, notBeforeMs: Date.now() + RETRY_MS, isInDoubt: batch.isInDoubt },
        ])
        this.#observer?.ended(batch, 'given back', batch.isInDoubt)
        return
      }
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'BAD_CONTENT'
      const others = batch.pending.map((index) => ({ index, status: 'refused' as const, reason }))
      await this.#outbox.record([{ ...batch, others }])
      this.#observer?.recorded(batch, { ...batch, others })
      this.#observer?.ended(batch, 'settled', false)
    } catch (cause) {
      // The lease runs out, and somebody tries again.
      this.#failed('record', cause)
      this.#observer?.ended(batch, 'lost', batch.isInDoubt)
    }
  }

  readonly #progressed = (batch: BatchInHand, answered: number): void => {
    if (answered > 0) this.#observer?.answered(batch.batch, answered)
    this.#dirty.add(batch)
    this.#recording ??= this.#record().finally(() => {
      this.#recording = undefined
      this.#idleChanged?.()
    })
  }

  /** Writes down what is known, and then what has become known meanwhile. */
  async #record(): Promise<void> {
    // What is answered in one turn of the event loop is written together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#dirty.size > 0) {
      const batches = [...this.#dirty].filter((batch) => this.#has(batch))
      this.#dirty.clear()
      // Those that were given back are answered for by whoever has them next, and the store may be closed.
      if (batches.length === 0) continue
      const progress = batches.map((batch) => batch.takeProgress())
      const startedMs = performance.now()
      try {
        const states = await this.#outbox.record(progress)
        for (const [position, batch] of batches.entries()) {
          const state = states[position] ?? 'lost'
          const written = progress[position]
          if (state !== 'lost' && written !== undefined) this.#observer?.recorded(batch.batch, written)
          this.#recorded(batch, state)
        }
      } catch (error) {
        this.#failed('record', error)
        for (const [position, batch] of batches.entries()) this.#keep(batch, progress[position])
        await this.#pause(RETRY_MS)
      }
      await this.#rest(startedMs)
    }
  }

  /** Whoever is to stop waits for what is written, and not for this. */
  async #rest(startedMs: number): Promise<void> {
    const restMs = this.#recordIntervalMs - (performance.now() - startedMs)
    if (restMs > 0 && this.#stopping === undefined) await this.#pause(restMs)
  }

  #keep(batch: BatchInHand, progress: BatchProgress | undefined): void {
    if (progress !== undefined) batch.returnProgress(progress)
    this.#dirty.add(batch)
  }

  #recorded(batch: BatchInHand, state: LeaseState): void {
    // It was given back while this was written: the stop did not wait for it.
    if (!this.#has(batch)) return
    if (state === 'lost' || state === 'settled') {
      batch.takeBack('given back')
      this.#putDown(batch, state)
    } else if (batch.isDone && !batch.hasProgress) {
      this.#giveBack([batch]).catch((error: unknown) => this.#failed('release', error))
    } else if (state === 'stop') {
      batch.takeBack('given back')
    }
  }

  async #giveBack(batches: readonly BatchInHand[]): Promise<void> {
    const releases = batches.map(({ batch, isInDoubt }) => ({ ...batch, isInDoubt }))
    this.#givenBack.batches += batches.length
    this.#givenBack.inDoubt += releases.filter(({ isInDoubt }) => isInDoubt).length
    for (const batch of batches) this.#putDown(batch, 'given back')
    this.#releasing++
    try {
      await this.#outbox.release(releases)
    } finally {
      this.#releasing--
      this.#idleChanged?.()
    }
  }

  #putDown(batch: BatchInHand, how: BatchEnd): void {
    if (!this.#has(batch)) return
    this.#inHand.delete(batch.batch.batchId)
    this.#observer?.ended(batch.batch, how, batch.isInDoubt)
    this.#handedTokens -= batch.size
    this.wake()
    this.#idleChanged?.()
  }

  #has(batch: BatchInHand): boolean {
    return this.#inHand.get(batch.batch.batchId) === batch
  }

  get #isIdle(): boolean {
    return this.#inHand.size === 0 && this.#recording === undefined && this.#releasing === 0
  }

  async #renew(): Promise<void> {
    const batches = [...this.#inHand.values()]
    if (batches.length === 0) return
    try {
      const states = await this.#outbox.renew(
        batches.map(({ batch }) => batch),
        this.#leaseMs,
      )
      for (const [position, batch] of batches.entries()) {
        const state = states[position]
        if (state === 'lost') this.#putDown(batch, 'lost')
        if (state === 'lost' || state === 'stop') batch.takeBack('given back')
        const { giveUpAfterMs } = batch.batch.message
        if (giveUpAfterMs !== undefined && giveUpAfterMs <= Date.now()) batch.takeBack('given up')
      }
    } catch (error) {
      this.#failed('renew', error)
    }
  }

  async #heed(): Promise<void> {
    this.#isHeeding = true
    // However often it is told meanwhile, once more is enough.
    while (this.#isTold) {
      this.#isTold = false
      await this.#renew()
    }
    this.#isHeeding = false
  }

  async #stop(timeoutMs: number): Promise<StopReport> {
    // So that `#stopping` is set for whom this wakes.
    await Promise.resolve()
    this.wake()
    await this.#claiming
    for (const batch of this.#inHand.values()) batch.takeBack('given back')
    await this.#untilIdle(timeoutMs)
    clearInterval(this.#renewal)
    if (this.#inHand.size > 0) await this.#giveBack([...this.#inHand.values()])
    return { ...this.#givenBack }
  }

  async #untilIdle(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#idleChanged = () => {
        if (this.#isIdle) resolve()
      }
      timer = setTimeout(resolve, timeoutMs)
      this.#idleChanged()
    })
    clearTimeout(timer)
    this.#idleChanged = undefined
  }

  async #sleep(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = setTimeout(resolve, milliseconds)
    })
    clearTimeout(timer)
    this.#wake = undefined
  }

  #failed(call: OutboxCall, error: unknown): void {
    this.#observer?.failed(call, error)
    this.#onError(error)
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, milliseconds)
    })
  }
}
