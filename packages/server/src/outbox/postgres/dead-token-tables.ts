import type { Database } from '../../postgres/database.js'
import type { FeedbackPage, SuppressionPage } from '../dead-tokens.js'
import type { FeedbackCall, RegisterCall, SuppressionsCall } from '../store-calls.js'
import { deadTokenOf, suppressionPageOf } from '../stored-rows.js'
import { MOVE_CURSOR, READ_CURSOR } from './statements/cursors.js'
import { FIND_APPS } from './statements/find-apps.js'
import { FORGET_FEEDBACK } from './statements/forget-feedback.js'
import { FREE_TOKENS } from './statements/free-tokens.js'
import { LIST_FEEDBACK, LIST_FEEDBACK_OF_APPS } from './statements/list-feedback.js'
import { FIND_SUPPRESSED_TOKEN, LIST_SUPPRESSED } from './statements/list-suppressed.js'
import { READ_FEEDBACK_END } from './statements/read-feedback-end.js'

const ROWS_AT_ONCE = 2000

/** The log of dead tokens, the list of those that are suppressed, and the places of the log's readers. */
export class DeadTokenTables {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** A page that is not full ends where the log does, so that what others' apps have there is not read again. */
  async feedback({ after, apps, limit }: FeedbackCall): Promise<FeedbackPage> {
    // Before the page: what is logged between the two is for the next.
    const end = (await this.#database.run(READ_FEEDBACK_END))[0]?.position ?? 0
    const rows =
      apps === undefined
        ? await this.#database.run(LIST_FEEDBACK, after, limit)
        : await this.#database.run(LIST_FEEDBACK_OF_APPS, after, limit, apps)
    const last = rows.at(-1)?.position ?? after
    return { items: rows.map(deadTokenOf), next: rows.length < limit ? Math.max(last, end) : last }
  }

  async suppressions({ app, token, after, limit }: SuppressionsCall): Promise<SuppressionPage> {
    const rows =
      token === undefined
        ? await this.#database.run(LIST_SUPPRESSED, app, after, limit + 1)
        : await this.#database.run(FIND_SUPPRESSED_TOKEN, app, after, limit + 1, token)
    return suppressionPageOf(rows, limit)
  }

  async register({ app, tokens, registeredAtMs }: RegisterCall): Promise<number> {
    const [known] = await this.#database.run(FIND_APPS, [app])
    if (known === undefined) return 0
    const freed = await this.#database.run(
      FREE_TOKENS,
      tokens.map(() => known.id),
      tokens,
      tokens.map(() => registeredAtMs ?? null),
    )
    return freed.length
  }

  async forget({ before }: { readonly before: number }): Promise<number> {
    return (await this.#database.run(FORGET_FEEDBACK, before, ROWS_AT_ONCE)).length
  }

  async readCursor({ name }: { readonly name: string }): Promise<number> {
    return (await this.#database.run(READ_CURSOR, name))[0]?.position ?? 0
  }

  async moveCursor({ name, position }: { readonly name: string; readonly position: number }): Promise<void> {
    await this.#database.run(MOVE_CURSOR, name, position)
  }
}
