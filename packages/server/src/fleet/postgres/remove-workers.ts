import type { Statement } from '../../postgres/statement.js'

/** Forgets those that are dead, unless they have been heard again. */
export const REMOVE_DEAD: Statement<[incarnations: readonly string[], heardUntilMs: number]> = {
  text: 'DELETE FROM apns_worker.workers WHERE incarnation = ANY($1::text[]) AND heard_at <= $2',
}

/** What a process does that leaves. */
export const REMOVE_WORKER: Statement<[incarnation: string]> = {
  text: 'DELETE FROM apns_worker.workers WHERE incarnation = $1',
}
