import type { Statement } from '../../../postgres/statement.js'

/** The last position on the list of suppressed tokens. */
export const READ_SUPPRESSED_END: Statement<[], { last: number }> = {
  text: 'SELECT suppressed AS last FROM apns_worker.log_ends',
}
