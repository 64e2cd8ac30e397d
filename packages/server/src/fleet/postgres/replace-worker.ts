import type { Statement } from '../../postgres/statement.js'

/** Says that another has come in its place, unless it has given a sign of life. */
export const REPLACE_WORKER: Statement<[incarnation: string, beats: number]> = {
  text: 'UPDATE apns_worker.workers SET is_replaced = true WHERE incarnation = $1 AND beats = $2',
}
