// The thread that has the store: SQLite's calls block, and one that waits for the disk must not hold up the process.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { Database } from './database.js'
import { commitGroup, type StoreCall } from './group-commit.js'
import { openStore } from './open-store.js'
import { makeStore, type Store } from './store.js'
import { storeError } from './store-error.js'
import type { StoreOptions } from './store-options.js'
import { type FromThread, sendable, type ToThread } from './thread-messages.js'

/** As many share a transaction: a few milliseconds' work, so that the first of them does not wait long for the last. */
const MAX_GROUP_CALLS = 500

if (parentPort === null) throw new Error('this module is the store’s thread, and is not to be imported')
serve(parentPort, workerData as StoreOptions)

function serve(port: MessagePort, options: StoreOptions): void {
  const say = (message: FromThread): void => port.postMessage(message)
  let database: Database
  let store: Store
  try {
    database = openStore(options)
    store = storeOn(database, options)
  } catch (error) {
    say({ failed: sendable(error) })
    return
  }
  let isClosing = false
  port.on('message', (first: ToThread) => {
    let calls: StoreCall[] = []
    const commit = (): void => {
      for (; calls.length > 0; calls = calls.slice(MAX_GROUP_CALLS)) {
        const group = commitGroup(database, store, calls.slice(0, MAX_GROUP_CALLS), options.path)
        say({
          replies: group.map((reply) =>
            'error' in reply ? { id: reply.id, error: sendable(reply.error) } : reply,
          ),
        })
      }
    }
    // All that came while the last group was written is the next.
    for (let message: ToThread | undefined = first; message !== undefined; message = next(port)) {
      if (message === 'close') isClosing = true
      else calls.push(...message.calls)
      if (calls.length >= MAX_GROUP_CALLS) commit()
    }
    commit()
    if (!isClosing) return
    database.close()
    say('closed')
    port.close()
  })
  // Between the calls of others, a little at a time.
  const learn = (): void => {
    if (!isClosing && canLearn(store)) setImmediate(learn)
  }
  setImmediate(learn)
  say('opened')
}

/** @throws {OutboxError} `STORE_CORRUPT`, for one: what it looks at first may be damaged */
function storeOn(database: Database, { path }: StoreOptions): Store {
  try {
    return makeStore(database)
  } catch (error) {
    database.close()
    throw storeError(error, path)
  }
}

function canLearn(store: Store): boolean {
  try {
    return store.begin()
  } catch {
    // The next call has the same trouble, and somebody who wants to know.
    return false
  }
}

function next(port: MessagePort): ToThread | undefined {
  const received: { message: ToThread } | undefined = receiveMessageOnPort(port)
  return received?.message
}
