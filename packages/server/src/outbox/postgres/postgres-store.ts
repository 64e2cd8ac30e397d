import type { Database } from '../../postgres/database.js'
import type { StoreCaller, StoreCalls } from '../store-calls.js'
import { AppendQueue } from './append-queue.js'
import { Appending } from './appending.js'
import { Claiming } from './claiming.js'
import { CleanUp } from './clean-up.js'
import { Control } from './control.js'
import { DeadTokenTables } from './dead-token-tables.js'
import { Housekeeping } from './housekeeping.js'
import { Leases } from './leases.js'
import { NewsTeller } from './news.js'
import { Reports } from './reports.js'
import { Suppression } from './suppression.js'

/** The calls of a store, over a network. */
type RemoteCalls = {
  readonly [Name in keyof StoreCalls]: (
    ...argument: Parameters<StoreCalls[Name]>
  ) => Promise<ReturnType<StoreCalls[Name]>>
}

/** A store in a PostgreSQL. What may concern others is told them. */
export class PostgresStore implements StoreCaller {
  readonly #appends: AppendQueue
  readonly #news: NewsTeller
  readonly #calls: RemoteCalls

  constructor(database: Database) {
    const news = new NewsTeller(database)
    const suppression = new Suppression()
    const appending = new Appending(suppression)
    const appends = new AppendQueue(database, appending, () => news.tell('work'))
    const leases = new Leases(database, () => news.tell('dead tokens'))
    const housekeeping = new Housekeeping(database, leases)
    const claiming = new Claiming(database, housekeeping, suppression)
    const control = new Control(database)
    const cleanUp = new CleanUp(database)
    const reports = new Reports(database)
    const deadTokens = new DeadTokenTables(database)
    this.#appends = appends
    this.#news = news
    this.#calls = {
      append: (call) => appends.append(call),
      addTokens: (call) => database.transaction((session) => appending.addTokens(session, call)),
      send: async (call) => {
        await database.transaction((session) => appending.send(session, call))
        news.tell('work')
      },
      claim: (call) => claiming.claim(call),
      record: (call) => leases.record(call),
      renew: (call) => leases.renew(call),
      release: (call) => leases.release(call),
      takeOver: (call) => leases.takeOver(call),
      pause: async (call) => {
        await control.pause(call)
        news.tell(call.isPaused ? 'control' : 'work')
        if (!call.isPaused) news.tell('control')
      },
      range: (call) => control.range(call),
      step: async (call) => {
        const after = await control.step(call)
        news.tell('control')
        return after
      },
      settleCancelled: ({ now }) => housekeeping.settleCancelled(now),
      expire: ({ now }) => housekeeping.expire(now),
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

  call<Name extends keyof StoreCalls>(
    name: Name,
    ...argument: Parameters<StoreCalls[Name]>
  ): Promise<ReturnType<StoreCalls[Name]>> {
    const call: RemoteCalls[Name] = this.#calls[name]
    return call(...argument)
  }

  /** Waits for what is under way; the database stays open. */
  async close(): Promise<void> {
    await this.#appends.close()
    await this.#news.close()
  }
}
