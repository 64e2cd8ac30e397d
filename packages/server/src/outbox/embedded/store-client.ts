import { Worker } from 'node:worker_threads'
import { OutboxError } from '../outbox-error.js'
import type { StoreCaller, StoreCalls } from '../store-calls.js'
import type { StoreCall } from './group-commit.js'
import type { StoreOptions } from './store-options.js'
import { type FromThread, received, type ToThread } from './thread-messages.js'

/** How many calls may wait for the store; whoever makes more is told so. */
const MAX_WAITING_CALLS = 20_000

interface Waiter {
  // The thread answers with what the store's call of that name returns; what crosses has no type.
  resolve(result: unknown): void
  reject(error: Error): void
}

/**
 * The store's thread, seen from this one. Calls made in one turn of the event loop go over together. While one waits, the
 * process stays alive; otherwise an open store does not keep it.
 */
export class StoreClient implements StoreCaller {
  readonly #thread: Worker
  readonly #waiting = new Map<number, Waiter>()
  #outgoing: StoreCall[] = []
  #nextId = 0
  #end: Error | undefined
  #closing: Promise<void> | undefined

  /** @throws {OutboxError} with one of the `STORE_` codes */
  static async open(options: StoreOptions): Promise<StoreClient> {
    const thread = new Worker(new URL('store-thread.js', import.meta.url), {
      workerData: options,
      // Node says of its SQLite, on every start, that it is experimental.
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    await new Promise<void>((resolve, reject) => {
      thread.once('error', reject)
      thread.once('message', (message: FromThread) => {
        if (typeof message === 'object' && 'failed' in message) reject(received(message.failed))
        else resolve()
      })
    }).catch(async (error: unknown) => {
      await thread.terminate()
      throw error
    })
    return new StoreClient(thread)
  }

  private constructor(thread: Worker) {
    this.#thread = thread
    thread.on('message', (message: FromThread) => this.#receive(message))
    thread.on('error', (cause: unknown) => {
      this.#fail(
        new OutboxError('STORE_UNAVAILABLE', 'the store’s thread has died; restart the process', { cause }),
      )
    })
    thread.unref()
  }

  /** @throws {OutboxError} (as a rejection) */
  call<Name extends keyof StoreCalls>(
    name: Name,
    ...[argument]: Parameters<StoreCalls[Name]>
  ): Promise<ReturnType<StoreCalls[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) throw this.#end
      if (this.#closing !== undefined) throw new OutboxError('CLOSED', 'the outbox is closed')
      if (this.#waiting.size >= MAX_WAITING_CALLS) {
        throw new OutboxError(
          'OVERLOADED',
          `${MAX_WAITING_CALLS} calls wait for the store; try again in a moment`,
        )
      }
      if (this.#waiting.size === 0) this.#thread.ref()
      const id = this.#nextId++
      this.#waiting.set(id, { resolve, reject })
      if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush())
      this.#outgoing.push({ id, name, argument })
    })
  }

  /** Waits for the calls that were made. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#end === undefined) {
      this.#thread.ref()
      this.#flush()
      const exit = new Promise<void>((resolve) => this.#thread.once('exit', () => resolve()))
      this.#send('close')
      await exit
    }
    this.#fail(new OutboxError('CLOSED', 'the outbox is closed'))
  }

  #flush(): void {
    const calls = this.#outgoing
    this.#outgoing = []
    if (calls.length > 0) this.#send({ calls })
  }

  #send(message: ToThread): void {
    // Nothing is transferred. (One argument alone is taken for a message between windows by the linter.)
    this.#thread.postMessage(message, [])
  }

  #receive(message: FromThread): void {
    if (typeof message === 'string' || !('replies' in message)) return
    for (const reply of message.replies) {
      const waiter = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if ('error' in reply) waiter?.reject(received(reply.error))
      else waiter?.resolve(reply.result)
    }
    if (this.#waiting.size === 0 && this.#closing === undefined) this.#thread.unref()
  }

  #fail(error: Error): void {
    this.#end = error
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(error)
  }
}
