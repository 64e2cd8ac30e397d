import type { FeedbackPage, SuppressionPage } from '../../dead-tokens.js'
import type { FeedbackCall, RegisterCall, SuppressionsCall } from '../../store-calls.js'
import { deadTokenOf, type FeedbackRow, type SuppressedRow, suppressionPageOf } from '../../stored-rows.js'
import type { TokenFilter } from '../../token-filter.js'
import type { Database, SqlValue, Statement } from '../database.js'

const ROWS_AT_ONCE = 2000

/** What Apple has said of one token. */
export interface Death {
  readonly appId: number
  readonly token: Uint8Array
  readonly timestampMs: number
  readonly reason: string
  readonly messageUuid: string
}

/** The log of dead tokens, the list of those that are suppressed, and the places of the log's readers. */
export class DeadTokenTables {
  readonly #database: Database
  readonly #filter: TokenFilter
  readonly #suppress: Statement
  readonly #log: Statement
  readonly #free: Statement
  readonly #forget: Statement
  readonly #logOfAll: Statement<FeedbackRow>
  readonly #logOfApp: Statement<FeedbackRow>
  readonly #logEnd: Statement<{ position: number | null }>
  readonly #app: Statement<{ id: number }>
  readonly #readCursor: Statement<{ position: number }>
  readonly #moveCursor: Statement

  /** @param filter is told of each token that comes on the list */
  constructor(database: Database, filter: TokenFilter) {
    this.#database = database
    this.#filter = filter
    // What is known already, or was true at an earlier time, is no news.
    this.#suppress = database.prepare(`
      INSERT INTO suppressed (app_id, timestamp, reason, token) VALUES (?, ?, ?, ?)
      ON CONFLICT (app_id, token) DO UPDATE SET timestamp = excluded.timestamp, reason = excluded.reason
      WHERE excluded.timestamp > timestamp`)
    this.#log = database.prepare(`
      INSERT INTO feedback (app_id, timestamp, recorded_at, reason, message_uuid, token) VALUES (?, ?, ?, ?, ?, ?)`)
    this.#free = database.prepare(
      'DELETE FROM suppressed WHERE app_id = ? AND token = ? AND timestamp < coalesce(?, timestamp + 1)',
    )
    this.#forget = database.prepare(`
      DELETE FROM feedback WHERE position IN (
        SELECT position FROM feedback WHERE recorded_at <= ? LIMIT ${ROWS_AT_ONCE})`)
    const select = `
      SELECT f.position, a.name AS app, f.timestamp, f.recorded_at, f.reason, f.message_uuid, f.token
      FROM feedback f CROSS JOIN apps a ON a.id = f.app_id`
    this.#logOfAll = database.prepare(`${select} WHERE f.position > ? ORDER BY f.position LIMIT ?`)
    this.#logOfApp = database.prepare(`
      ${select} WHERE f.app_id = (SELECT id FROM apps WHERE name = ?) AND f.position > ? ORDER BY f.position LIMIT ?`)
    this.#logEnd = database.prepare('SELECT max(position) AS position FROM feedback')
    this.#app = database.prepare('SELECT id FROM apps WHERE name = ?')
    this.#readCursor = database.prepare('SELECT position FROM cursors WHERE name = ?')
    this.#moveCursor = database.prepare(`
      INSERT INTO cursors (name, position) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position`)
  }

  /** Enters a token in the list and the log, unless as much is known of it already. */
  add({ appId, token, timestampMs, reason, messageUuid }: Death, now: number): void {
    const isNews = Number(this.#suppress.run(appId, timestampMs, reason, token).changes) > 0
    if (!isNews) return
    this.#log.run(appId, timestampMs, now, reason, messageUuid, token)
    this.#filter.add(appId, token, 0, token.length)
  }

  /** Takes a token off the list, where it was declared dead before that time, or at any. @returns how many, 0 or 1 */
  free(appId: number, token: Uint8Array, registeredAtMs: number | undefined): number {
    return Number(this.#free.run(appId, token, registeredAtMs ?? null).changes)
  }

  register({ app, tokens, registeredAtMs }: RegisterCall): number {
    const appId = this.#app.get(app)?.id
    if (appId === undefined) return 0
    return tokens.reduce((sum, token) => sum + this.free(appId, token, registeredAtMs), 0)
  }

  /** A page that is not full ends where the log does, so that what others' apps have there is not read again. */
  feedback({ after, apps, limit }: FeedbackCall): FeedbackPage {
    const rows =
      apps === undefined
        ? this.#logOfAll.all(after, limit)
        : // One by one, since each has an index: an app with few entries among millions does not read these.
          [...new Set(apps)]
            .flatMap((app) => this.#logOfApp.all(app, after, limit))
            .sort((left, right) => left.position - right.position)
            .slice(0, limit)
    const last = rows.at(-1)?.position ?? after
    const end = rows.length < limit ? (this.#logEnd.get()?.position ?? last) : last
    return { items: rows.map(deadTokenOf), next: Math.max(last, end) }
  }

  suppressions({ app, token, after, limit }: SuppressionsCall): SuppressionPage {
    const appId = this.#app.get(app)?.id
    if (appId === undefined) return { items: [], next: undefined }
    const parameters: SqlValue[] = token === undefined ? [appId, after] : [appId, after, token]
    const rows = this.#database
      .prepare<SuppressedRow>(`
        SELECT sequence, timestamp, reason, token FROM suppressed
        WHERE app_id = ? AND sequence > ? ${token === undefined ? '' : 'AND token = ?'} ORDER BY sequence LIMIT ?`)
      .all(...parameters, limit + 1)
    return suppressionPageOf(rows, limit)
  }

  /** Removes some of what is old from the log. @returns how many; 0 when there are no more */
  forget({ before }: { readonly before: number }): number {
    return Number(this.#forget.run(before).changes)
  }

  readCursor({ name }: { readonly name: string }): number {
    return this.#readCursor.get(name)?.position ?? 0
  }

  moveCursor({ name, position }: { readonly name: string; readonly position: number }): void {
    this.#moveCursor.run(name, position)
  }
}
