import type { StoreCalls } from '../store-calls.js'
import { type Database, rollBack } from './database.js'
import { READING, type Store } from './store.js'
import { storeError } from './store-error.js'

export type StoreCall = { readonly id: number; readonly name: keyof StoreCalls; readonly argument: unknown }
export type StoreReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: unknown }

/**
 * Runs calls in one transaction, so that all of them wait for the disk once. A call that fails leaves the others alone;
 * when the store fails, all of them fail. Nothing is said of any before all are on disk.
 */
export function commitGroup(
  database: Database,
  store: Store,
  calls: readonly StoreCall[],
  path: string,
): StoreReply[] {
  try {
    const isReading = calls.every(({ name }) => READING.has(name))
    database.exec(isReading ? 'BEGIN' : 'BEGIN IMMEDIATE')
    if (!isReading) store.begin()
    const replies = calls.map((call) => runCall(database, store, call))
    database.exec('COMMIT')
    return replies
  } catch (thrown) {
    rollBack(database)
    const error = storeError(thrown, path)
    return calls.map(({ id }) => ({ id, error }))
  }
}

/** @throws what the store's file throws; what is wrong with the call is a reply */
function runCall(database: Database, store: Store, { id, name, argument }: StoreCall): StoreReply {
  database.exec('SAVEPOINT call')
  try {
    // The client's types tie the argument to the name; a message between threads loses that.
    const result = (store[name] as (argument: unknown) => unknown)(argument)
    database.exec('RELEASE call')
    return { id, result }
  } catch (error) {
    if (isAboutFile(error)) throw error
    database.exec('ROLLBACK TO call; RELEASE call')
    return { id, error }
  }
}

/** What SQLite says of the file, rather than what we say of the call. */
function isAboutFile(error: unknown): boolean {
  return storeError(error, '') !== error
}
