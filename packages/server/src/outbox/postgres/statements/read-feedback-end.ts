import type { Statement } from '../../../postgres/statement.js'

/** The last position in the log of dead tokens. */
export const READ_FEEDBACK_END: Statement<[], { position: number }> = {
  text: 'SELECT feedback AS position FROM apns_worker.log_ends',
}
