import { apnsIdAt } from './apns-ids.js'
import type { DeadToken, SuppressionPage } from './dead-tokens.js'
import {
  type MessageState,
  type MessageStatus,
  OUTCOME_STATUSES,
  type OutcomePage,
  type OutcomeStatus,
  type StoredOutcome,
} from './outbox.js'
import { type RecentColumns, recentOf } from './recent-span.js'
import { MESSAGE } from './states.js'

/** A message's row, as any store has it. */
export interface MessageRow extends Readonly<Record<OutcomeStatus, number>>, RecentColumns {
  readonly uuid: string
  readonly app: string
  readonly state: number
  readonly priority: number
  readonly created_at: number
  readonly started_at: number | null
  readonly finished_at: number | null
  readonly total: number
}

export interface OutcomeRow {
  readonly sequence: number
  readonly uuid: string
  readonly token_index: number
  readonly status: number
  readonly recorded_at: number
  readonly timestamp: number | null
  readonly reason: string | null
  readonly token: Uint8Array
}

export interface FeedbackRow {
  readonly position: number
  readonly app: string
  readonly timestamp: number
  readonly recorded_at: number
  readonly reason: string
  readonly message_uuid: string
  readonly token: Uint8Array
}

export interface SuppressedRow {
  readonly sequence: number
  readonly timestamp: number
  readonly reason: string
  readonly token: Uint8Array
}

/**
 * @param isPaused it, its app, or everything
 * @param reasons the most frequent first
 */
export function statusOf(
  row: MessageRow,
  isPaused: boolean,
  reasons: readonly { readonly reason: string; readonly count: number }[],
): MessageStatus {
  const counts = Object.fromEntries(OUTCOME_STATUSES.map((status) => [status, row[status]])) as Record<
    OutcomeStatus,
    number
  >
  const settled = OUTCOME_STATUSES.reduce((sum, status) => sum + row[status], 0)
  return {
    id: row.uuid,
    app: row.app,
    state: stateOf(row, isPaused),
    priority: row.priority,
    createdAtMs: row.created_at,
    startedAtMs: row.started_at ?? undefined,
    finishedAtMs: row.finished_at ?? undefined,
    total: row.total,
    pending: row.total - settled,
    counts,
    recent: recentOf(row),
    reasons: Object.fromEntries(reasons.map(({ reason, count }) => [reason, count])),
  }
}

function stateOf({ state, started_at: startedAt }: MessageRow, isPaused: boolean): MessageState {
  if (state === MESSAGE.open) return 'open'
  if (state === MESSAGE.done) return 'done'
  if (state === MESSAGE.cancelled) return 'cancelled'
  if (isPaused) return 'paused'
  return startedAt === null ? 'queued' : 'sending'
}

export function outcomePageOf(rows: readonly OutcomeRow[], after: number): OutcomePage {
  return { outcomes: rows.map(outcomeOf), next: rows.at(-1)?.sequence ?? after }
}

function outcomeOf(row: OutcomeRow): StoredOutcome {
  return {
    messageId: row.uuid,
    token: hexOf(row.token),
    apnsId: apnsIdAt(row.uuid, row.token_index),
    status: OUTCOME_STATUSES[row.status] ?? 'unknown',
    reason: row.reason ?? undefined,
    timestampMs: row.timestamp ?? undefined,
    recordedAtMs: row.recorded_at,
  }
}

export function deadTokenOf(row: FeedbackRow): DeadToken {
  return {
    position: row.position,
    app: row.app,
    token: hexOf(row.token),
    timestampMs: row.timestamp,
    reason: row.reason,
    messageId: row.message_uuid,
    recordedAtMs: row.recorded_at,
  }
}

/** @param rows one more than the page has, where there is one */
export function suppressionPageOf(rows: readonly SuppressedRow[], limit: number): SuppressionPage {
  const page = rows.slice(0, limit)
  return {
    items: page.map(({ timestamp, reason, token }) => ({
      token: hexOf(token),
      timestampMs: timestamp,
      reason,
    })),
    next: rows.length > limit ? String(page.at(-1)?.sequence) : undefined,
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
