import type { Statement } from '../../../postgres/statement.js'

export const FIND_LAST_MESSAGE: Statement<[], { id: number | null }> = {
  text: 'SELECT max(id) AS id FROM apns_worker.messages',
}
