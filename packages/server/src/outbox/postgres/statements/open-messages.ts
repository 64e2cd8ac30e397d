import type { Statement } from '../../../postgres/statement.js'

export interface OpenedMessage {
  readonly id: number
  readonly uuid: string
  readonly app: string
  readonly content: string
  readonly give_up_after: number | null
  readonly drop_ambiguous: boolean
  readonly created_at: number
  readonly started_at: number | null
}

export const OPEN_MESSAGES: Statement<[ids: readonly number[]], OpenedMessage> = {
  text: `SELECT m.id, m.uuid, a.name AS app, m.content, m.give_up_after, m.drop_ambiguous, m.created_at, m.started_at
    FROM apns_worker.messages m JOIN apns_worker.apps a ON a.id = m.app_id WHERE m.id = ANY($1::bigint[])`,
}
