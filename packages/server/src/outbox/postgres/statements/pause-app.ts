import type { Statement } from '../../../postgres/statement.js'

/** Sets or ends the pause of an app, which may be one that nothing was stored for yet; a resume is counted. */
export const PAUSE_APP: Statement<[name: string, isPaused: boolean]> = {
  text: `
INSERT INTO apns_worker.apps AS a (name, paused) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET paused = excluded.paused, resumes = a.resumes + CASE WHEN $2 THEN 0 ELSE 1 END`,
}
