import type { Database, Statement } from '../database.js'

/** How many tokens have no outcome: of an app, and of all. Kept rather than counted, since it is asked at each append. */
export class Depth {
  readonly #addToAll: Statement
  readonly #addToApp: Statement
  readonly #read: Statement<{ pending: number }>

  constructor(database: Database) {
    this.#addToAll = database.prepare('UPDATE outbox SET pending = pending + ?')
    this.#addToApp = database.prepare('UPDATE apps SET pending = pending + ? WHERE id = ?')
    this.#read = database.prepare('SELECT pending FROM outbox')
  }

  add(appId: number, tokens: number): void {
    if (tokens === 0) return
    this.#addToAll.run(tokens)
    this.#addToApp.run(tokens, appId)
  }

  get pending(): number {
    return this.#read.get()?.pending ?? 0
  }
}
