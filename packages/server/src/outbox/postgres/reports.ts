import type { Database } from '../../postgres/database.js'
import type { MessageStatus, OutboxStats, OutcomePage } from '../outbox.js'
import { OutboxError } from '../outbox-error.js'
import type { ListCall, OutcomesCall } from '../store-calls.js'
import { outcomePageOf, statusOf } from '../stored-rows.js'
import { COUNT_PENDING } from './statements/count-pending.js'
import { FIND_MESSAGE } from './statements/find-message.js'
import { LIST_APPS } from './statements/list-apps.js'
import {
  LIST_MESSAGES,
  LIST_MESSAGES_OF_APP,
  LIST_UNFINISHED_MESSAGES,
  LIST_UNFINISHED_MESSAGES_OF_APP,
} from './statements/list-messages.js'
import { LIST_OUTCOMES, LIST_OUTCOMES_OF_MESSAGE } from './statements/list-outcomes.js'
import { READ_MESSAGES } from './statements/read-messages.js'
import { READ_REASONS } from './statements/read-reasons.js'
import { READ_TOTALS } from './statements/read-totals.js'
import { isUuid } from './uuid.js'

/** What is asked of the outbox without changing it. */
export class Reports {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async message(uuid: string): Promise<MessageStatus> {
    const id = await this.#idOf(uuid)
    const [status] = id === undefined ? [] : await this.#statuses([id])
    if (status === undefined) throw new OutboxError('NOT_FOUND', `there is no message ${uuid}`)
    return status
  }

  async messages({ app, isUnfinished, before, limit }: ListCall): Promise<MessageStatus[]> {
    const end = before === undefined ? Number.MAX_SAFE_INTEGER : await this.#idOf(before)
    if (end === undefined) return []
    const page =
      app === undefined
        ? await this.#database.run(isUnfinished ? LIST_UNFINISHED_MESSAGES : LIST_MESSAGES, end, limit)
        : await this.#database.run(
            isUnfinished ? LIST_UNFINISHED_MESSAGES_OF_APP : LIST_MESSAGES_OF_APP,
            end,
            limit,
            app,
          )
    return this.#statuses(page.map(({ id }) => id))
  }

  async outcomes({ uuid, after, limit }: OutcomesCall): Promise<OutcomePage> {
    if (uuid === undefined) return outcomePageOf(await this.#database.run(LIST_OUTCOMES, after, limit), after)
    const id = await this.#idOf(uuid)
    if (id === undefined) return { outcomes: [], next: after }
    return outcomePageOf(await this.#database.run(LIST_OUTCOMES_OF_MESSAGE, after, limit, id), after)
  }

  async stats(): Promise<OutboxStats> {
    const [totals] = await this.#database.run(READ_TOTALS)
    const [depth] = await this.#database.run(COUNT_PENDING)
    const apps = await this.#database.run(LIST_APPS)
    return {
      pending: depth?.pending ?? 0,
      leasedBatches: totals?.leased ?? 0,
      isPaused: totals?.is_paused ?? false,
      apps: apps.map(({ name, paused, pending, oldest }) => ({
        app: name,
        isPaused: paused,
        pending,
        oldestAtMs: oldest ?? undefined,
      })),
      storeBytes: totals?.bytes ?? 0,
    }
  }

  async #idOf(uuid: string): Promise<number | undefined> {
    return isUuid(uuid) ? (await this.#database.run(FIND_MESSAGE, uuid))[0]?.id : undefined
  }

  async #statuses(ids: readonly number[]): Promise<MessageStatus[]> {
    if (ids.length === 0) return []
    const rows = await this.#database.run(READ_MESSAGES, ids)
    const reasons = await this.#database.run(READ_REASONS, ids)
    return rows.map((row) =>
      statusOf(
        row,
        row.is_paused,
        reasons.filter(({ message_id: id }) => id === row.id),
      ),
    )
  }
}
