import {
  encodeContent,
  type Outbox,
  OutboxWorker,
  type OutboxWorkerOptions,
  openEmbeddedOutbox,
  type WorkerObserver,
} from '@apns-worker/server'
import type { Simulator } from '@apns-worker/simulator'
import { ApnsManager } from 'apns-worker'

export const APP = 'news'
export const content: string = encodeContent({ payload: { aps: { alert: 'hello' } } })

/** An outbox, its worker, and the manager that it sends with. */
export class Rig implements AsyncDisposable {
  readonly outbox: Outbox
  readonly manager: ApnsManager
  readonly worker: OutboxWorker
  readonly errors: unknown[]

  private constructor(outbox: Outbox, manager: ApnsManager, worker: OutboxWorker, errors: unknown[]) {
    this.outbox = outbox
    this.manager = manager
    this.worker = worker
    this.errors = errors
  }

  static async start(
    path: string,
    simulator: Simulator,
    windowTokens?: number,
    observer?: WorkerObserver,
  ): Promise<Rig> {
    const outbox = await openEmbeddedOutbox({ path, durability: 'crash', busyTimeoutMs: 10 })
    return Rig.on(outbox, simulator, { windowTokens, observer })
  }

  /** @param outbox is closed with the rest */
  static async on(
    outbox: Outbox,
    simulator: Simulator,
    options: Partial<OutboxWorkerOptions> = {},
  ): Promise<Rig> {
    const { credentials, environment } = simulator
    // One, so that it does not depend on the machine how many requests are under way.
    const manager = new ApnsManager({
      ...credentials,
      environment,
      topic: 'com.example.app',
      maxConnections: 1,
    })
    const managers = new Map([[APP, manager]])
    const errors: unknown[] = []
    const onError = (error: unknown): void => {
      errors.push(error)
    }
    const worker = await OutboxWorker.start({
      outbox,
      owner: 'worker',
      managers,
      leaseMs: 3000,
      pollMs: 20,
      onError,
      ...options,
    })
    return new Rig(outbox, manager, worker, errors)
  }

  /** Resolves when a message is finished. */
  async finished(messageId: string): Promise<void> {
    for (;;) {
      const { finishedAtMs } = await this.outbox.message(messageId)
      if (finishedAtMs !== undefined) return
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.stop(0)
    await this.manager.close({ timeout: 0 })
    await this.outbox.close()
  }
}
