import { type ApnsManager, type Delivery, Message, type MessageOptions, type Outcome } from 'apns-worker'
import type { OutcomeLog } from './outcome-log.js'
import type { Progress, ProgressState } from './progress.js'
import { RefusalTable } from './refusal-table.js'
import type { StopSignal } from './stop-signal.js'
import type { TokenReader } from './token-source.js'

/** Small enough that little is left over when the sending stops, large enough that a message costs nothing. */
const TOKENS_PER_MESSAGE = 1_000
/** How many notifications are on their way before more of the list is read: this is what bounds the memory. */
const WINDOW = 10_000
/** Seconds that notifications on their way are given to be answered after Ctrl-C. */
const INTERRUPTED_TIMEOUT_S = 5
const HTTP_OK = 200

/** What a sending needs; whoever makes the parts closes them. */
export interface SendingParts {
  readonly manager: ApnsManager
  readonly reader: TokenReader
  /** Size of the token source, in the unit that the reader counts in; undefined when it is not known. */
  readonly sourceSize: number | undefined
  readonly payload: object
  readonly messageOptions: MessageOptions
  readonly outcomes: OutcomeLog | undefined
  readonly progress: Progress
  readonly stop: StopSignal
}

/** Sends one payload to every token of a reader, and keeps count of what became of them. */
export class Sending {
  accepted = 0
  /** Refused by Apple, expired, or of unknown fate. */
  failed = 0
  /** Read, but not sent, since the sending was stopped. */
  notSent = 0
  readonly refusals: RefusalTable = new RefusalTable()
  readonly #parts: SendingParts
  readonly #open = new Map<Delivery, Promise<unknown>>()
  #tokensRead = 0
  #bytesRead = 0
  /** Sent to the library, with no outcome yet. */
  #outstanding = 0
  #onRoom: (() => void) | undefined

  constructor(parts: SendingParts) {
    this.#parts = parts
  }

  get tokens(): number {
    return this.#tokensRead
  }

  /** Resolves when every token that was read has its outcome, also after a stop. */
  async run(): Promise<void> {
    const { manager, stop } = this.#parts
    const onStop = (): void => {
      this.#onRoom?.()
      for (const delivery of this.#open.keys()) delivery.cancel()
      // What is not answered by then has its outcome like the rest; it never rejects.
      void manager.close({ timeout: stop.cause?.kind === 'interrupted' ? INTERRUPTED_TIMEOUT_S : 0 })
    }
    stop.signal.addEventListener('abort', onStop, { once: true })
    try {
      await this.#sendAll()
    } finally {
      // When the list cannot be read further, what was read is sent all the same.
      await Promise.all(this.#open.values())
    }
    if (stop.cause?.kind === 'failed') throw stop.cause.error
  }

  /** Draws the progress as it stands at the end. */
  finishProgress(): void {
    this.#parts.progress.finish(this.#state())
  }

  async #sendAll(): Promise<void> {
    const { reader, stop } = this.#parts
    for await (const { tokens, bytesRead } of reader.batches(stop.signal)) {
      this.#tokensRead += tokens.length
      this.#bytesRead = bytesRead
      for (let from = 0; from < tokens.length; from += TOKENS_PER_MESSAGE) {
        await this.#room()
        const some = tokens.slice(from, from + TOKENS_PER_MESSAGE)
        if (stop.cause === undefined) this.#send(some)
        else await this.#leaveOut(some)
      }
    }
  }

  #send(tokens: readonly string[]): void {
    const { manager, payload, messageOptions, stop } = this.#parts
    const delivery = manager.sendMessage(new Message(tokens, payload, messageOptions))
    this.#outstanding += tokens.length
    const settled = this.#follow(delivery)
      .catch((error: unknown) => stop.stop({ kind: 'failed', error }))
      .then(() => this.#open.delete(delivery))
    this.#open.set(delivery, settled)
  }

  async #follow(delivery: Delivery): Promise<void> {
    const { progress } = this.#parts
    for await (const outcome of delivery) {
      this.#outstanding--
      if (this.#outstanding < WINDOW) this.#onRoom?.()
      await this.#take(outcome)
      progress.update(this.#state())
    }
  }

  /** Resolves when there is room for another message, or there will be none since the sending stops. */
  async #room(): Promise<void> {
    while (this.#outstanding >= WINDOW && this.#parts.stop.cause === undefined) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve
      })
      this.#onRoom = undefined
    }
  }

  async #take({ token, apnsId, status, error }: Outcome): Promise<void> {
    if (status === 'accepted') this.accepted++
    else if (status === 'cancelled') this.notSent++
    else this.failed++
    if (error !== undefined && status !== 'cancelled') this.refusals.add(error)
    const { outcomes } = this.#parts
    if (outcomes === undefined) return
    await outcomes.write({
      token,
      apnsId,
      outcome: status,
      reason: error?.reason,
      status: status === 'accepted' ? HTTP_OK : error?.httpStatus,
      timestamp: error?.timestamp?.toISOString(),
    })
  }

  /** Tokens that were read and never handed to the library. */
  async #leaveOut(tokens: readonly string[]): Promise<void> {
    this.notSent += tokens.length
    for (const token of tokens) await this.#parts.outcomes?.write({ token, outcome: 'cancelled' })
  }

  #state(): ProgressState {
    const settled = this.accepted + this.failed + this.notSent
    const { sourceSize } = this.#parts
    return { accepted: this.accepted, failed: this.failed, fraction: this.#fraction(settled, sourceSize) }
  }

  /** Reading runs ahead of sending: the share that was read counts as far as it is settled. */
  #fraction(settled: number, sourceSize: number | undefined): number | undefined {
    if (sourceSize === undefined) return undefined
    if (this.#tokensRead === 0 || sourceSize === 0) return this.#bytesRead === sourceSize ? 1 : 0
    return (settled / this.#tokensRead) * (this.#bytesRead / sourceSize)
  }
}
