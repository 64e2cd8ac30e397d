import { isDeepStrictEqual } from 'node:util'
import type { WebhookConfig } from '../config/server-config.js'

interface Stoppable {
  stop(timeoutMs?: number): Promise<void>
}

/** The one webhook at a time that a server has, or none: two would tell the same twice. */
export class WebhookSlot<Webhook extends Stoppable> {
  readonly #make: (config: WebhookConfig) => Webhook
  #config: WebhookConfig | undefined
  #webhook: Webhook | undefined

  /** @throws what `make` throws */
  constructor(make: (config: WebhookConfig) => Webhook, config: WebhookConfig | undefined) {
    this.#make = make
    this.#config = config
    this.#webhook = config && make(config)
  }

  get webhook(): Webhook | undefined {
    return this.#webhook
  }

  /**
   * Stops the present one, and starts another, where the configuration is another.
   *
   * @throws what `make` throws; the one of before goes on then
   */
  async replace(config: WebhookConfig | undefined): Promise<void> {
    if (isDeepStrictEqual(config, this.#config)) return
    await this.#webhook?.stop()
    try {
      this.#webhook = config && this.#make(config)
      this.#config = config
    } catch (error) {
      this.#webhook = this.#config && this.#make(this.#config)
      throw error
    }
  }

  async stop(timeoutMs?: number): Promise<void> {
    await this.#webhook?.stop(timeoutMs)
  }
}
