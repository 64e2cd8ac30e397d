import type { FastifyInstance } from 'fastify'
import { ApiProblem } from '../http/problem/api-problem.js'
import { RETRY_AFTER_SECONDS } from '../http/problem/problem-of.js'

/** What is answered while the server stops: those who look after it are to see that it does. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

/** Counts the requests that are not answered yet, and lets no more in once it is closed. */
export class DrainGate {
  #isClosed = false
  #open = 0
  #changed: (() => void) | undefined

  /** Before the API is ready. */
  guard(api: FastifyInstance): void {
    api.addHook('onRequest', (request, reply, done) => {
      if (PROBES.has(request.routeOptions.url ?? '')) {
        done()
        return
      }
      if (this.#isClosed) {
        throw new ApiProblem('SHUTTING_DOWN', 'the server is stopping; nothing was stored', {
          headers: { 'retry-after': String(RETRY_AFTER_SECONDS), connection: 'close' },
        })
      }
      this.#open++
      reply.raw.once('close', () => {
        this.#open--
        this.#changed?.()
      })
      done()
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Requests that are being answered. */
  get open(): number {
    return this.#open
  }

  close(): void {
    this.#isClosed = true
  }

  /**
   * Waits for the requests that were let in.
   *
   * @returns how many are not answered when the time is over
   */
  async emptied(timeoutMs: number): Promise<number> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#changed = () => {
        if (this.#open === 0) resolve()
      }
      timer = setTimeout(resolve, timeoutMs)
      this.#changed()
    })
    clearTimeout(timer)
    this.#changed = undefined
    return this.#open
  }
}
