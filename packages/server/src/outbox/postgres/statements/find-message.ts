import type { Statement } from '../../../postgres/statement.js'
import { MESSAGE } from '../../states.js'

export const FIND_MESSAGE: Statement<[uuid: string], { id: number }> = {
  text: `SELECT id FROM apns_worker.messages WHERE uuid = $1 AND state <> ${MESSAGE.purged}`,
}
