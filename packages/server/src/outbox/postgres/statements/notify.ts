import { NEWS_CHANNEL } from '../../../postgres/listener.js'
import type { Statement } from '../../../postgres/statement.js'
import type { News } from '../../outbox.js'

/** Tells other processes. By itself: a transaction that does so holds up the commits of all others that do. */
export const NOTIFY: Statement<[news: News]> = {
  text: `SELECT pg_notify('${NEWS_CHANNEL}', $1)`,
}
