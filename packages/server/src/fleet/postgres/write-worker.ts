import type { Statement } from '../../postgres/statement.js'

/**
 * Writes a record, if nobody has written one since: no row comes back then. What another has said of it, that it is replaced,
 * stays.
 */
export const WRITE_WORKER: Statement<
  [
    version: number,
    incarnation: string,
    owner: string,
    role: string,
    sinceMs: number,
    beats: number,
    heardAtMs: number,
    isLeader: boolean,
    lines: string,
    state: string,
  ],
  { beats: number }
> = {
  text: `WITH turn AS (
    UPDATE apns_worker.fleet SET version = version + 1 WHERE version = $1 RETURNING version
  )
  INSERT INTO apns_worker.workers AS w
    (incarnation, owner, role, since, beats, heard_at, is_leader, lines, state)
  SELECT $2::text, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::boolean, $9::text, $10::text FROM turn
  ON CONFLICT (incarnation) DO UPDATE SET
    owner = excluded.owner, role = excluded.role, since = excluded.since, beats = excluded.beats,
    heard_at = excluded.heard_at, is_leader = excluded.is_leader, lines = excluded.lines, state = excluded.state
  RETURNING w.beats`,
}
