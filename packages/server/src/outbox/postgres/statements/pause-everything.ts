import type { Statement } from '../../../postgres/statement.js'

/** Sets or ends the pause of all; a resume is counted, for those who have lines to resume. */
export const PAUSE_EVERYTHING: Statement<[isPaused: boolean]> = {
  text: `UPDATE apns_worker.outbox SET paused = $1, resumes = resumes + CASE WHEN $1 THEN 0 ELSE 1 END`,
}
