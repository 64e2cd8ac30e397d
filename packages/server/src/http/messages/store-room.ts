import type { OutboxStats } from '../../outbox/outbox.js'
import type { ApiContext } from '../api-context.js'
import { ApiProblem } from '../problem/api-problem.js'
import { RETRY_AFTER_SECONDS } from '../problem/problem-of.js'

/** How old what is known of the store may be. */
const FRESH_MS = 1000

/** Whether the outbox takes more: asked at each request, looked up once a second. */
export class StoreRoom {
  readonly #context: ApiContext
  #stats: Promise<OutboxStats> | undefined
  #askedAtMs = 0

  constructor(context: ApiContext) {
    this.#context = context
  }

  /**
   * @throws {ApiProblem} `OUTBOX_FULL`
   * @throws {OutboxError} when the store does not answer
   */
  async check(): Promise<void> {
    const { pending, storeBytes } = await this.#fresh()
    const { limits } = this.#context
    if (storeBytes >= limits.storeBytes) {
      throw full(`the store has ${storeBytes} bytes, and ${limits.storeBytes} is the limit`)
    }
    if (pending >= limits.pendingTokens) {
      throw full(`${pending} tokens wait to be sent, and ${limits.pendingTokens} is the limit`)
    }
  }

  #fresh(): Promise<OutboxStats> {
    const nowMs = performance.now()
    if (this.#stats === undefined || nowMs - this.#askedAtMs > FRESH_MS) {
      this.#askedAtMs = nowMs
      const asked = this.#context.outbox.stats()
      this.#stats = asked
      // What failed is asked again by the next one.
      asked.catch(() => {
        if (this.#stats === asked) this.#stats = undefined
      })
    }
    return this.#stats
  }
}

function full(detail: string): ApiProblem {
  return new ApiProblem('OUTBOX_FULL', `${detail}; nothing was stored`, {
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
  })
}
