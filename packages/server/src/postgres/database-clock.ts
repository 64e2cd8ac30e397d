import type { Session, Statement } from './statement.js'

const READ_CLOCK: Statement<[], { ms: number }> = {
  text: 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
}

/** Clocks of machines drift by some milliseconds a minute at worst; a database may move to another machine. */
const READ_EVERY_MS = 15_000

/**
 * The database's clock, as far as this process knows: one for all processes of a fleet, so that a lease is over for all of
 * them at one time. Between two readings it goes on with this process's, which only goes forwards.
 */
export class DatabaseClock implements Disposable {
  readonly #session: Session
  readonly #timer: NodeJS.Timeout
  #offsetMs: number

  /** @throws {OutboxError} with one of the `STORE_` codes */
  static async start(session: Session): Promise<DatabaseClock> {
    return new DatabaseClock(session, await offsetOf(session))
  }

  private constructor(session: Session, offsetMs: number) {
    this.#session = session
    this.#offsetMs = offsetMs
    this.#timer = setInterval(() => void this.#read(), READ_EVERY_MS).unref()
  }

  /** Unix time in whole milliseconds. */
  now(): number {
    return Math.round(performance.now() + this.#offsetMs)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  async #read(): Promise<void> {
    try {
      this.#offsetMs = await offsetOf(this.#session)
    } catch {
      // Whoever needs the database hears of it; the clock goes on.
    }
  }
}

/** The reading is of the middle of the round trip, as well as anybody can tell. */
async function offsetOf(session: Session): Promise<number> {
  const before = performance.now()
  const [row] = await session.run(READ_CLOCK)
  if (row === undefined) throw new Error('the database has no clock')
  return row.ms - (before + performance.now()) / 2
}
