import type { Statement } from '../../../postgres/statement.js'

export const READ_TOKENS: Statement<[ids: readonly number[]], { id: number; tokens: Uint8Array }> = {
  text: 'SELECT id, tokens FROM apns_worker.batches WHERE id = ANY($1::bigint[])',
}
