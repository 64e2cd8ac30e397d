import type { Statement } from '../../../postgres/statement.js'
import { MESSAGE } from '../../states.js'

type Listing = Statement<[before: number, limit: number], { id: number }>
type ListingOfApp = Statement<[before: number, limit: number, app: string], { id: number }>

const OF_APP = 'app_id = (SELECT id FROM apns_worker.apps WHERE name = $3)'
const UNFINISHED = 'finished_at IS NULL'

/** The newest first. Each of the four has an index of its own. */
export const LIST_MESSAGES: Listing = listing([])
export const LIST_UNFINISHED_MESSAGES: Listing = listing([UNFINISHED])
export const LIST_MESSAGES_OF_APP: ListingOfApp = listing([OF_APP])
export const LIST_UNFINISHED_MESSAGES_OF_APP: ListingOfApp = listing([OF_APP, UNFINISHED])

function listing(conditions: readonly string[]): { readonly text: string } {
  const all = ['id < $1', `state <> ${MESSAGE.purged}`, ...conditions].join(' AND ')
  return { text: `SELECT id FROM apns_worker.messages WHERE ${all} ORDER BY id DESC LIMIT $2` }
}
