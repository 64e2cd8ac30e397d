import { type Outbox, OutboxError, openEmbeddedOutbox } from '@apns-worker/server'

export type FarMode = 'there' | 'away' | 'silent'

/** A real outbox behind a network that the test has in hand: as a database of other machines, away or silent at times. */
export class FarOutbox {
  readonly #path: string
  readonly #hanging = new Set<(error: Error) => void>()
  mode: FarMode = 'there'
  /** How often it was asked to open. */
  opens = 0
  /** The calls that were made while it was silent. */
  unanswered = 0

  constructor(path: string) {
    this.#path = path
  }

  /** For `startServer`. */
  readonly open = async (): Promise<Outbox> => {
    this.opens++
    await this.#passage()
    const real = await openEmbeddedOutbox({ path: this.#path, durability: 'crash' })
    return new Proxy(real, {
      get: (target, name) => {
        const own: unknown = Reflect.get(target, name)
        if (typeof own !== 'function') return own
        const method = own.bind(target) as (...values: unknown[]) => unknown
        if (name === 'watch' || name === 'close') return method
        return async (...values: unknown[]) => {
          await this.#passage()
          return method(...values)
        }
      },
    })
  }

  /** Whoever waits for an answer hears that the connection is gone. */
  cut(): void {
    const hanging = [...this.#hanging]
    this.#hanging.clear()
    for (const fail of hanging) fail(new OutboxError('STORE_UNAVAILABLE', 'the connection is gone'))
  }

  async #passage(): Promise<void> {
    if (this.mode === 'away') throw new OutboxError('STORE_UNAVAILABLE', 'connect ECONNREFUSED')
    if (this.mode === 'there') return
    this.unanswered++
    await new Promise((_resolve, reject) => this.#hanging.add(reject))
  }
}
