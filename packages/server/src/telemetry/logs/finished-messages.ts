import type { Logger as ServerLog } from 'pino'
import type { ClaimedBatch, MessageStatus, Outbox } from '../../outbox/outbox.js'
import type { BatchEnd } from '../../worker/worker-observer.js'
import type { LaneLabels } from '../metrics/lane-labels.js'

/** How long after its last batch a message is looked at; what ends meanwhile is looked at together. */
const PAUSE_MS = 500
/** How many messages are looked at in that time; the others wait. */
const AT_ONCE = 200
/** How many wait at most. Where thousands of messages end in a second, a line for each is of no use to anybody. */
const MAX_WAITING = 5000

export interface FinishedMessagesOptions {
  readonly outbox: Pick<Outbox, 'message'>
  readonly log: ServerLog
  readonly labelsOf: (lane: string) => LaneLabels
}

/** Writes a line for each message that is finished: what became of its tokens, in numbers. */
export class FinishedMessages {
  readonly #options: FinishedMessagesOptions
  readonly #waiting = new Set<string>()
  #unlogged = 0
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined

  constructor(options: FinishedMessagesOptions) {
    this.#options = options
  }

  ended({ message }: ClaimedBatch, how: BatchEnd): void {
    if (how !== 'settled' || !this.#options.log.isLevelEnabled('info')) return
    if (this.#waiting.size < MAX_WAITING) this.#waiting.add(message.id)
    else if (!this.#waiting.has(message.id)) this.#unlogged++
    this.#schedule()
  }

  /** Writes down what has ended. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#looking
    while (this.#waiting.size > 0) await this.#look()
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        this.#timer = undefined
        if (this.#waiting.size > 0) this.#schedule()
      })
    }, PAUSE_MS).unref()
  }

  async #look(): Promise<void> {
    const ids = [...this.#waiting].slice(0, AT_ONCE)
    for (const id of ids) this.#waiting.delete(id)
    const { outbox, log } = this.#options
    // Purged meanwhile, or the store fails, which others say.
    const found = await Promise.all(ids.map((id) => outbox.message(id).catch(() => undefined)))
    for (const status of found) if (status?.finishedAtMs !== undefined) this.#write(status)
    if (this.#unlogged > 0) log.info({ batches: this.#unlogged }, 'more was finished than is logged')
    this.#unlogged = 0
  }

  #write({ id, app, state, total, counts, reasons, createdAtMs, finishedAtMs }: MessageStatus): void {
    const { log, labelsOf } = this.#options
    const seconds = ((finishedAtMs ?? createdAtMs) - createdAtMs) / 1000
    const facts = { messageId: id, ...labelsOf(app), state, total, counts, reasons, seconds }
    log.info(facts, 'message finished')
  }
}
