import type { Readable } from 'node:stream'
import type { Outbox } from '../../outbox/outbox.js'
import type { TokenEntry } from '../../outbox/packed-tokens.js'
import { LineSplitter } from './line-splitter.js'
import { nextChunk } from './next-chunk.js'
import type { LineReader } from './token-lines.js'

/** As many as the outbox writes in one transaction; so much of a list, twice, is held in memory. */
const GROUP_TOKENS = 20_000

export interface TokenUploadOptions {
  readonly outbox: Outbox
  readonly messageId: string
  /** How many tokens the message has, as far as the sender knows. */
  readonly offset: number | undefined
  readonly readLine: LineReader
  /** How long nothing may come. */
  readonly idleMs: number
}

/** Stores a list while it is read: one group is written while the next is gathered, and no more is read than that. */
export class TokenUpload {
  readonly #options: TokenUploadOptions
  readonly #lines: LineSplitter
  #group: TokenEntry[] = []
  #offset: number | undefined
  #writing: Promise<number> | undefined
  #stored: number | undefined

  constructor(options: TokenUploadOptions) {
    this.#options = options
    this.#offset = options.offset
    this.#lines = new LineSplitter((line, number) => {
      const token = options.readLine(line, number)
      if (token !== undefined) this.#group.push(token)
    })
  }

  /** How many tokens the message has, as far as the store has said; undefined: it has not. */
  get stored(): number | undefined {
    return this.#stored
  }

  /**
   * Whatever it fails with, the complete lines before that are stored, if the store takes them: a line that was cut off is not.
   *
   * @returns how many tokens the message has then
   * @throws {LineError} for the first line that is wrong
   * @throws {OutboxError} and what `nextChunk` throws
   */
  async receive(body: Readable): Promise<number> {
    try {
      for (;;) {
        const chunk = await nextChunk(body, this.#options.idleMs)
        if (chunk === undefined) break
        this.#lines.push(chunk)
        if (this.#group.length >= GROUP_TOKENS) await this.#write()
      }
      this.#lines.end()
    } catch (error) {
      await this.#finish()
      throw error
    }
    return this.#finish()
  }

  /** Waits for the group before, and no longer: the sender is read on while this one is written. */
  async #write(): Promise<void> {
    await this.#writing
    const group = this.#group
    const { outbox, messageId } = this.#options
    this.#group = []
    const offset = this.#offset
    if (offset !== undefined) this.#offset = offset + group.length
    this.#writing = outbox.addTokens(messageId, group, offset).then((total) => {
      this.#stored = total
      return total
    })
    // Seen to when it is waited for.
    this.#writing.catch(() => {})
  }

  async #finish(): Promise<number> {
    if (this.#group.length > 0 || this.#writing === undefined) await this.#write()
    return (await this.#writing) ?? 0
  }
}
