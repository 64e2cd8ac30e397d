import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { messageOf, UsageError } from './usage-error.js'

/** One line of the outcome file. */
export interface OutcomeRecord {
  readonly token: string
  /** Missing when the notification was never handed to the library. */
  readonly apnsId?: string | undefined
  /** `accepted`, or what became of the notification otherwise: `refused`, `expired`, `unknown`, `cancelled`, … */
  readonly outcome: string
  /** Apple's reason, or the library's own. */
  readonly reason?: string | undefined
  /** HTTP status of Apple's answer. */
  readonly status?: number | undefined
  /** When Apple found the token dead, in ISO 8601. */
  readonly timestamp?: string | undefined
}

/** Lines are handed to the file in pieces of this size, not one by one. */
const CHUNK_CHARACTERS = 65_536

/**
 * A file of outcomes, one JSON object a line (NDJSON), written as the outcomes become known. `write` returns a promise
 * when the disk is behind: who waits for it is slowed to the disk's pace, and memory stays bounded.
 */
export class OutcomeLog {
  readonly #stream: WriteStream
  readonly #path: string
  #pending = ''
  #error: Error | undefined

  private constructor(path: string, stream: WriteStream) {
    this.#path = path
    this.#stream = stream
    stream.on('error', (error) => {
      this.#error ??= error
    })
  }

  /**
   * Opens the file, which is replaced when it exists.
   *
   * @throws {UsageError} when it cannot be written
   */
  static async open(path: string): Promise<OutcomeLog> {
    const stream = createWriteStream(path)
    try {
      await once(stream, 'open')
    } catch (error) {
      throw new UsageError(`cannot write the outcomes: ${messageOf(error)}`)
    }
    return new OutcomeLog(path, stream)
  }

  /** @throws {UsageError} when the file can no longer be written */
  write(record: OutcomeRecord): Promise<void> | undefined {
    this.#pending += `${JSON.stringify(record)}\n`
    return this.#pending.length < CHUNK_CHARACTERS ? undefined : this.#flush()
  }

  /** Writes what is left; the file is complete when this resolves. */
  async close(): Promise<void> {
    await this.#flush()
    await new Promise<void>((resolve) => {
      this.#stream.once('close', resolve)
      this.#stream.end()
    })
    this.#assertWritable()
  }

  async #flush(): Promise<void> {
    this.#assertWritable()
    const chunk = this.#pending
    this.#pending = ''
    if (chunk === '') return
    await new Promise<void>((resolve) => {
      // Called for an error too, which is then thrown below.
      this.#stream.write(chunk, () => resolve())
    })
    this.#assertWritable()
  }

  #assertWritable(): void {
    if (this.#error === undefined) return
    throw new UsageError(`cannot write the outcomes to ${this.#path}: ${this.#error.message}`)
  }
}
