import type { Database } from '../../postgres/database.js'
import type { News } from '../outbox.js'
import { NOTIFY } from './statements/notify.js'

/** Tells other processes what this one has done, once it is committed: what comes while it is telling is told together. */
export class NewsTeller {
  readonly #database: Database
  readonly #waiting = new Set<News>()
  #telling: Promise<void> | undefined

  constructor(database: Database) {
    this.#database = database
  }

  tell(news: News): void {
    this.#waiting.add(news)
    this.#telling ??= this.#tellAll().finally(() => {
      this.#telling = undefined
    })
  }

  /** Waits until what was to be told has been. */
  async close(): Promise<void> {
    await this.#telling
  }

  async #tellAll(): Promise<void> {
    // What happens in this turn of the event loop is told together.
    await Promise.resolve()
    for (const news of this.#waiting) {
      this.#waiting.delete(news)
      // Whoever is to hear it looks from time to time as well; and where there is no such thing, that is all there is.
      await this.#database.run(NOTIFY, news).catch(() => {})
    }
  }
}
