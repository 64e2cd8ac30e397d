import type { Database } from '../../postgres/database.js'
import type { Scope } from '../outbox.js'
import { OutboxError } from '../outbox-error.js'
import type { ScopeStep } from '../store-calls.js'
import { CANCEL_MESSAGES } from './statements/cancel-messages.js'
import { FIND_LAST_MESSAGE } from './statements/find-last-message.js'
import { FIND_MESSAGE } from './statements/find-message.js'
import { LOCK_MESSAGE } from './statements/lock-message.js'
import { PAUSE_APP } from './statements/pause-app.js'
import { PAUSE_EVERYTHING } from './statements/pause-everything.js'
import { PAUSE_MESSAGE } from './statements/pause-message.js'
import { PURGE_MESSAGES } from './statements/purge-messages.js'
import { RESUME_MESSAGE } from './statements/resume-message.js'
import { isUuid } from './uuid.js'

/** How many messages one step marks. */
const MARKED_AT_ONCE = { cancel: 500, purge: 50 } as const

/** Pause, resume, cancel; and the first half of purge, of which `CleanUp` is the other. */
export class Control {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async pause({ scope, isPaused }: { readonly scope: Scope; readonly isPaused: boolean }): Promise<void> {
    if (scope === 'everything') await this.#database.run(PAUSE_EVERYTHING, isPaused)
    else if ('app' in scope) await this.#database.run(PAUSE_APP, scope.app, isPaused)
    else await this.#pauseMessage(scope.messageId, isPaused)
  }

  async range({ scope }: { readonly scope: Scope }): Promise<{ after: number; upTo: number }> {
    if (typeof scope === 'object' && 'messageId' in scope) {
      const { messageId } = scope
      const [row] = isUuid(messageId) ? await this.#database.run(FIND_MESSAGE, messageId) : []
      if (row === undefined) throw notFound(messageId)
      return { after: row.id - 1, upTo: row.id }
    }
    return { after: 0, upTo: (await this.#database.run(FIND_LAST_MESSAGE))[0]?.id ?? 0 }
  }

  async step({ kind, scope, after, upTo, now }: ScopeStep): Promise<number | undefined> {
    const app = typeof scope === 'object' && 'app' in scope ? scope.app : null
    const limit = MARKED_AT_ONCE[kind]
    const marked =
      kind === 'cancel'
        ? await this.#database.run(CANCEL_MESSAGES, after, upTo, app, limit, now)
        : await this.#database.run(PURGE_MESSAGES, after, upTo, app, limit)
    return marked.length < limit ? undefined : Math.max(...marked.map(({ id }) => id))
  }

  async #pauseMessage(uuid: string, isPaused: boolean): Promise<void> {
    await this.#database.transaction(async (session) => {
      const [message] = isUuid(uuid) ? await session.run(LOCK_MESSAGE, uuid) : []
      if (message === undefined) throw notFound(uuid)
      if (isPaused) await session.run(PAUSE_MESSAGE, message.id)
      else await session.run(RESUME_MESSAGE, message.id, message.state)
    })
  }
}

function notFound(uuid: string): OutboxError {
  return new OutboxError('NOT_FOUND', `there is no message ${uuid}`)
}
