import type { Statement } from '../../postgres/statement.js'
import type { MemberRole, MemberState } from '../member.js'
import type { LineRecords, MemberRecord } from '../member-record.js'

/** The worker's columns are null in the one row of an empty fleet. */
export interface WorkerRow {
  readonly version: number
  readonly now: number
  readonly incarnation: string | null
  readonly owner: string
  readonly role: string
  readonly since: number
  readonly beats: number
  readonly heard_at: number
  readonly is_leader: boolean
  readonly is_replaced: boolean
  readonly lines: string
  readonly state: string
}

/** All records, what they are a version of, and the database's clock. */
export const READ_WORKERS: Statement<[], WorkerRow> = {
  text: `SELECT f.version, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now,
    w.incarnation, w.owner, w.role, w.since, w.beats, w.heard_at, w.is_leader, w.is_replaced, w.lines, w.state
  FROM apns_worker.fleet f LEFT JOIN apns_worker.workers w ON true
  ORDER BY w.since, w.incarnation`,
}

export function recordsOf(rows: readonly WorkerRow[]): MemberRecord[] {
  return rows.flatMap(({ incarnation, ...row }) => {
    if (incarnation === null) return []
    return [
      {
        incarnation,
        owner: row.owner,
        // What is in these three was written by a member, of this version or one that understands it.
        role: row.role as MemberRole,
        lines: JSON.parse(row.lines) as LineRecords,
        state: JSON.parse(row.state) as MemberState,
        sinceMs: row.since,
        beats: row.beats,
        heardAtMs: row.heard_at,
        isLeader: row.is_leader,
        isReplaced: row.is_replaced,
      },
    ]
  })
}
