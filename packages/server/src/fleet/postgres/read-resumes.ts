import type { Statement } from '../../postgres/statement.js'
import type { Resumes } from '../fleet-store.js'

/** How often each lane was resumed, in the rows that the outbox writes when it is; with no lane, how often all were. */
export const READ_RESUMES: Statement<[], { lane: string | null; resumes: number }> = {
  text: `SELECT NULL AS lane, resumes FROM apns_worker.outbox
  UNION ALL
  SELECT name AS lane, resumes FROM apns_worker.apps WHERE resumes > 0`,
}

export function resumesOf(rows: readonly { lane: string | null; resumes: number }[]): Resumes {
  const everything = rows.find(({ lane }) => lane === null)?.resumes ?? 0
  return {
    everything,
    lanes: Object.fromEntries(rows.flatMap(({ lane, resumes }) => (lane === null ? [] : [[lane, resumes]]))),
  }
}
