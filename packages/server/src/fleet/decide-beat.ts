import type { MemberRole, MemberState } from './member.js'
import type { LineRecords, MemberRecord } from './member-record.js'
import { grantLines, type LineGrant } from './shares.js'

/** What a process says with each heartbeat. */
export interface Beat {
  readonly incarnation: string
  readonly owner: string
  readonly role: MemberRole
  readonly lines: LineRecords
  readonly state: MemberState
  /**
   * - `join`: it is new; with the record that it has watched, if it has watched one, and may take the place of.
   * - `go on`: it has joined.
   */
  readonly kind: 'join' | 'go on'
  readonly watched?: Watched | undefined
}

/** A member at a moment: another heartbeat, and it is not the same. */
export interface Watched {
  readonly incarnation: string
  readonly beats: number
}

/**
 * - `heard`: it is a member.
 * - `occupied`: another that may be alive has its name.
 * - `replaced`: another has taken its name.
 * - `forgotten`: it was dead to the others. It has nothing any more, and may join anew.
 */
export type BeatDecision =
  | {
      readonly kind: 'heard'
      readonly record: MemberRecord
      /** A former self, whose place it has taken. */
      readonly replaced: MemberRecord | undefined
      /** The incarnations of the dead, to be removed. */
      readonly dead: readonly string[]
      readonly grants: readonly LineGrant[]
    }
  | { readonly kind: 'occupied'; readonly by: MemberRecord }
  | { readonly kind: 'replaced' }
  | { readonly kind: 'forgotten' }

/**
 * What a heartbeat brings about. Nobody else's record is written but that of a former self, so that no member is told of
 * anything that it has not asked for.
 *
 * @param records all of the table, by whoever has the lock on it
 */
export function decideBeat(
  records: readonly MemberRecord[],
  beat: Beat,
  nowMs: number,
  deadMs: number,
): BeatDecision {
  const living = records.filter(({ heardAtMs }) => nowMs - heardAtMs < deadMs)
  const dead = records
    .filter((record) => !living.includes(record) && record.incarnation !== beat.incarnation)
    .map(({ incarnation }) => incarnation)
  const own = living.find(({ incarnation }) => incarnation === beat.incarnation)
  if (own?.isReplaced === true) return { kind: 'replaced' }
  if (own === undefined && beat.kind === 'go on') return { kind: 'forgotten' }
  const rival = living.find((record) => isRival(record, beat))
  if (rival !== undefined && !isSame(rival, beat.watched)) return { kind: 'occupied', by: rival }
  const replaced = rival === undefined ? undefined : { ...rival, isReplaced: true }
  const others = living.flatMap((record) => {
    if (record === own) return []
    return record === rival && replaced !== undefined ? [replaced] : [record]
  })
  const { incarnation, owner, role, lines, state } = beat
  const record: MemberRecord = {
    incarnation,
    owner,
    role,
    lines,
    state,
    sinceMs: own?.sinceMs ?? nowMs,
    beats: (own?.beats ?? 0) + 1,
    heardAtMs: nowMs,
    isLeader: sends(role) && others.every(({ isLeader }) => !isLeader),
    isReplaced: false,
  }
  const { lines: granted, grants } = grantLines(record, others)
  return { kind: 'heard', record: { ...record, lines: granted }, replaced, dead, grants }
}

/** Whether it leases batches, which no two may in one name. */
export function sends(role: MemberRole): boolean {
  return role !== 'api'
}

function isRival(record: MemberRecord, { incarnation, owner, role }: Beat): boolean {
  return (
    record.owner === owner &&
    record.incarnation !== incarnation &&
    !record.isReplaced &&
    sends(record.role) &&
    sends(role)
  )
}

function isSame(record: MemberRecord, watched: Watched | undefined): boolean {
  return record.incarnation === watched?.incarnation && record.beats === watched.beats
}
