import { connect, type Database } from './database.js'
import { checkedVersion, migrate } from './migrations.js'
import { storeError } from './store-error.js'
import type { StoreOptions } from './store-options.js'

/**
 * The journal is copied into the file when it has so many pages (of 4 KiB); each copy waits for the disk twice more. Four
 * times SQLite's default: a batch of a thousand tokens alone has nine.
 */
const CHECKPOINT_PAGES = 4000
/** What is left of the journal's file after a burst. */
const JOURNAL_BYTES = 64 * 1024 * 1024
/** Of 4 KiB each, in KiB: the indexes of a million batches. */
const CACHE_KIBIBYTES = 32 * 1024

/**
 * Opens a store's file, made where there is none, and brings its schema up to date.
 *
 * @throws {OutboxError} with one of the `STORE_` codes; a file that is not ours is left as it was
 */
export function openStore(options: StoreOptions): Database {
  const { path } = options
  let database: Database | undefined
  try {
    database = connect(path, options.driver)
    database.exec(`PRAGMA busy_timeout = ${options.busyTimeoutMs}`)
    checkedVersion(database, path)
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${options.durability === 'crash' ? 'NORMAL' : 'FULL'};
      PRAGMA fullfsync = ON;
      PRAGMA checkpoint_fullfsync = ON;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${JOURNAL_BYTES};
      PRAGMA cache_size = -${CACHE_KIBIBYTES};
      PRAGMA temp_store = MEMORY;`)
    migrate(database, path)
    limitSize(database, options.maxFileBytes)
    return database
  } catch (error) {
    database?.close()
    throw storeError(error, path)
  }
}

function limitSize(database: Database, maxFileBytes: number | undefined): void {
  if (maxFileBytes === undefined) return
  const pageBytes = database.prepare<{ page_size: number }>('PRAGMA page_size').get()?.page_size ?? 4096
  database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxFileBytes / pageBytes))}`)
}
