import type { StoreCalls } from '../store-calls.js'
import { TokenFilter } from '../token-filter.js'
import type { Database } from './database.js'
import { Appending } from './sql/appending.js'
import { Claiming } from './sql/claiming.js'
import { CleanUp } from './sql/clean-up.js'
import { Control } from './sql/control.js'
import { DeadTokenTables } from './sql/dead-token-tables.js'
import { Depth } from './sql/depth.js'
import { Expiry } from './sql/expiry.js'
import { Leases } from './sql/leases.js'
import { Reports } from './sql/reports.js'
import { Settlement } from './sql/settlement.js'
import { Suppression } from './sql/suppression.js'

/** Every call of the store. Each is one savepoint of a transaction, and takes plain objects only. */
export interface Store extends StoreCalls {
  /**
   * To be called at the beginning of each transaction that may write, and else between transactions: learns what other
   * processes have done.
   *
   * @returns whether there is more to learn, which makes later calls cheaper
   */
  begin(): boolean
}

/** Those that change nothing: a group of nothing else waits for no lock. */
export const READING: ReadonlySet<keyof StoreCalls> = new Set<keyof StoreCalls>([
  'range',
  'message',
  'messages',
  'outcomes',
  'stats',
  'feedback',
  'suppressions',
  'readCursor',
])

export function makeStore(database: Database): Store {
  const depth = new Depth(database)
  const filter = new TokenFilter()
  const deadTokens = new DeadTokenTables(database, filter)
  const suppression = new Suppression(database, deadTokens, filter)
  const settlement = new Settlement(database, depth, deadTokens)
  const leases = new Leases(database, settlement)
  const expiry = new Expiry(database, settlement)
  const appending = new Appending(database, depth, settlement, suppression)
  const claiming = new Claiming(database, settlement, leases, expiry, suppression)
  const control = new Control(database, depth, leases, settlement)
  const cleanUp = new CleanUp(database)
  const reports = new Reports(database)
  return {
    begin: () => suppression.follow(),
    append: (call) => appending.append(call),
    addTokens: (call) => appending.addTokens(call),
    send: (call) => appending.send(call),
    claim: (call) => claiming.claim(call),
    record: (call) => leases.record(call),
    renew: (call) => leases.renew(call),
    release: (call) => leases.release(call),
    takeOver: (call) => leases.takeOver(call),
    pause: (call) => control.pause(call),
    range: (call) => control.range(call),
    step: (call) => control.step(call),
    settleCancelled: (call) => control.settleCancelled(call),
    expire: ({ now }) => expiry.expire(now),
    retire: (call) => cleanUp.retire(call),
    removePurged: () => cleanUp.removePurged(),
    message: ({ uuid }) => reports.message(uuid),
    messages: (call) => reports.messages(call),
    outcomes: (call) => reports.outcomes(call),
    stats: () => reports.stats(),
    feedback: (call) => deadTokens.feedback(call),
    suppressions: (call) => deadTokens.suppressions(call),
    register: (call) => deadTokens.register(call),
    forgetFeedback: (call) => deadTokens.forget(call),
    readCursor: (call) => deadTokens.readCursor(call),
    moveCursor: (call) => deadTokens.moveCursor(call),
  }
}
