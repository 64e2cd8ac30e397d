import { type News, type Outbox, OutboxError, openEmbeddedOutbox } from '@apns-worker/server'

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
  /** The names of all calls that were made. */
  readonly calls: string[] = []
  readonly #listeners = new Set<(news: News) => void>()

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
        if (name === 'close') return method
        if (name === 'watch') return this.#watch
        return async (...values: unknown[]) => {
          this.calls.push(String(name))
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

  /** As other processes do, by way of the database. */
  tell(news: News): void {
    for (const listener of this.#listeners) listener(news)
  }

  /** How many hear of news. */
  get listeners(): number {
    return this.#listeners.size
  }

  readonly #watch = (listener: (news: News) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #passage(): Promise<void> {
    if (this.mode === 'away') throw new OutboxError('STORE_UNAVAILABLE', 'connect ECONNREFUSED')
    if (this.mode === 'there') return
    this.unanswered++
    await new Promise((_resolve, reject) => this.#hanging.add(reject))
  }
}
