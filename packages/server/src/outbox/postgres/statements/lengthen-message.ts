import type { Statement } from '../../../postgres/statement.js'

export const LENGTHEN_MESSAGE: Statement<[id: number, tokens: number]> = {
  text: 'UPDATE apns_worker.messages SET total = total + $2 WHERE id = $1',
}
