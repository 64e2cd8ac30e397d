import type { Statement } from '../../../postgres/statement.js'

export interface KnownApp {
  readonly id: number
  readonly name: string
}

export const FIND_APPS: Statement<[names: readonly string[]], KnownApp> = {
  text: 'SELECT id, name FROM apns_worker.apps WHERE name = ANY($1::text[])',
}
