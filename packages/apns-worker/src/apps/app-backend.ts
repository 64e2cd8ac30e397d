import { Backend, type BackendClass, type BackendOptions, type BackendStats } from '../backend/backend.js'
import { Account } from '../backend/http2/account.js'
import { resolveNetworkOptions } from '../backend/network-options.js'
import type { Feedback, Subscription } from '../feedback.js'
import type { Message } from '../message.js'
import type { SharedBackend } from './shared-backend.js'
import type { SharingApp } from './shared-queue.js'

/** One app's part in shared connections: its queue, its errors, its dead tokens; it stops and resumes by itself. */
export class AppBackend extends Backend implements SharingApp {
  static readonly settlesEach: boolean = true

  readonly account: Account
  retried = 0
  readonly #shared: SharedBackend

  constructor(options: BackendOptions, shared: SharedBackend) {
    super(options)
    this.#shared = shared
    this.account = new Account(options.topic, resolveNetworkOptions(options).badTokenLimit, this.logger)
  }

  override start(): void {
    this.#shared.join(this)
  }

  override async stop(): Promise<void> {
    await this.#shared.leave(this)
  }

  override queueNotify(): void {
    this.#shared.queueNotify()
  }

  override startFeedback(callback: (feedback: Feedback) => unknown): Subscription {
    return this.account.feedback.subscribe(callback)
  }

  override checkMessage(message: Message): void {
    this.#shared.checkFor(this.account, message)
  }

  override resume(): void {
    if (this.paused === undefined) return
    this.account.guard.reset()
    this.#shared.retireConnections()
    super.resume()
  }

  /** Of the connections that the apps share: the last that is set is that of all of them. */
  override setMaxConnections(count: number, timeoutMs?: number): Promise<void> {
    return this.#shared.setMaxConnections(count, timeoutMs)
  }

  /** `connections` and `traffic` are those of all the apps that share them. */
  override stats(): BackendStats {
    return { ...this.#shared.stats(), retried: this.retried }
  }
}

/**
 * The class that an app's manager is given.
 *
 * @param stopped called when the manager was closed
 */
export function appBackendClass(shared: SharedBackend, stopped: () => void): BackendClass {
  return class extends AppBackend {
    constructor(options: BackendOptions) {
      super(options, shared)
    }

    override async stop(): Promise<void> {
      stopped()
      await super.stop()
    }
  }
}
