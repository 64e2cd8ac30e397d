import type { Statement } from '../../../postgres/statement.js'

/** In the order of their names, so that two processes that add the same ones do not wait for each other. */
export const ADD_APPS: Statement<[names: readonly string[]]> = {
  text: `INSERT INTO apns_worker.apps (name) SELECT name FROM unnest($1::text[]) AS n (name) ORDER BY 1
    ON CONFLICT (name) DO NOTHING`,
}
