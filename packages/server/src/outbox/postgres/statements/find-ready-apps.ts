import type { Statement } from '../../../postgres/statement.js'
import { BATCH } from '../../states.js'

export interface ReadyApp {
  readonly id: number
  readonly name: string
  readonly served: number
  /** The same for all: where service has come to. */
  readonly virtual_time: number
}

/** Those with something to hand out. */
export const FIND_READY_APPS: Statement<[], ReadyApp> = {
  text: `
SELECT id, name, served, (SELECT max(start_tag) FROM apns_worker.apps) AS virtual_time FROM apns_worker.apps
WHERE NOT paused AND EXISTS (SELECT 1 FROM apns_worker.batches WHERE state = ${BATCH.ready} AND app_id = apps.id)`,
}
