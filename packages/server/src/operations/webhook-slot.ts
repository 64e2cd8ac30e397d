import { isDeepStrictEqual } from 'node:util'
import type { WebhookConfig } from '../config/server-config.js'

interface Stoppable {
  stop(timeoutMs?: number): Promise<void>
}

export interface WebhookSlotOptions<Webhook> {
  readonly make: (config: WebhookConfig) => Webhook
  /** @throws what `make` would, for what cannot be */
  readonly check: (config: WebhookConfig) => void
}

/** The one webhook at a time that a server has while it reports, or none: two would tell the same twice. */
export class WebhookSlot<Webhook extends Stoppable> {
  readonly #options: WebhookSlotOptions<Webhook>
  #config: WebhookConfig | undefined
  #webhook: Webhook | undefined
  #reports = false

  /** @throws what `check` throws */
  constructor(options: WebhookSlotOptions<Webhook>, config: WebhookConfig | undefined) {
    this.#options = options
    this.#config = config
    if (config !== undefined) options.check(config)
  }

  get webhook(): Webhook | undefined {
    return this.#webhook
  }

  /** From now on it reports. */
  start(): void {
    this.#reports = true
    this.#webhook ??= this.#config && this.#options.make(this.#config)
  }

  /** Stops the present one, and starts another, where the configuration is another. @throws what `check` throws */
  async replace(config: WebhookConfig | undefined): Promise<void> {
    if (isDeepStrictEqual(config, this.#config)) return
    if (config !== undefined) this.#options.check(config)
    this.#config = config
    await this.#webhook?.stop()
    this.#webhook = this.#reports && config !== undefined ? this.#options.make(config) : undefined
  }

  /** Does not report any more, until it is started again. */
  async stop(timeoutMs?: number): Promise<void> {
    this.#reports = false
    await this.#webhook?.stop(timeoutMs)
    this.#webhook = undefined
  }
}
