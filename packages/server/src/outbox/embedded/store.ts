import type { FeedbackPage, SuppressionPage } from '../dead-tokens.js'
import type { Appended, LeaseState, MessageStatus, OutboxStats, OutcomePage } from '../outbox.js'
import type { Database } from './database.js'
import { type AddTokensCall, type AppendCall, Appending } from './sql/appending.js'
import { type ClaimCall, Claiming, type Leased } from './sql/claiming.js'
import { CleanUp, type RetireCall } from './sql/clean-up.js'
import { Control, type ScopeStep } from './sql/control.js'
import {
  DeadTokenTables,
  type FeedbackCall,
  type RegisterCall,
  type SuppressionsCall,
} from './sql/dead-token-tables.js'
import { Depth } from './sql/depth.js'
import { Expiry } from './sql/expiry.js'
import { Leases } from './sql/leases.js'
import { type ListCall, type OutcomesCall, Reports } from './sql/reports.js'
import { Settlement } from './sql/settlement.js'
import { Suppression } from './sql/suppression.js'
import { TokenFilter } from './token-filter.js'

/** Every call of the store. Each is one savepoint of a transaction, and takes plain objects only. */
export interface Store {
  /**
   * To be called at the beginning of each transaction that may write, and else between transactions: learns what other
   * processes have done.
   *
   * @returns whether there is more to learn, which makes later calls cheaper
   */
  begin(): boolean
  append(call: AppendCall): Appended
  addTokens(call: AddTokensCall): number
  send(call: Parameters<Appending['send']>[0]): void
  claim(call: ClaimCall): Leased
  record(call: Parameters<Leases['record']>[0]): LeaseState[]
  renew(call: Parameters<Leases['renew']>[0]): LeaseState[]
  release(call: Parameters<Leases['release']>[0]): void
  takeOver(call: Parameters<Leases['takeOver']>[0]): number
  pause(call: Parameters<Control['pause']>[0]): void
  range(call: Parameters<Control['range']>[0]): { after: number; upTo: number }
  step(call: ScopeStep): number | undefined
  settleCancelled(call: { readonly now: number }): number
  expire(call: { readonly now: number }): number
  retire(call: RetireCall): { messages: number; keys: number }
  removePurged(): boolean
  message(call: { readonly uuid: string }): MessageStatus
  messages(call: ListCall): MessageStatus[]
  outcomes(call: OutcomesCall): OutcomePage
  stats(): OutboxStats
  feedback(call: FeedbackCall): FeedbackPage
  suppressions(call: SuppressionsCall): SuppressionPage
  register(call: RegisterCall): number
  forgetFeedback(call: { readonly before: number }): number
  readCursor(call: { readonly name: string }): number
  moveCursor(call: { readonly name: string; readonly position: number }): void
}

/** Those that change nothing: a group of nothing else waits for no lock. */
export const READING: ReadonlySet<keyof Store> = new Set<keyof Store>([
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
