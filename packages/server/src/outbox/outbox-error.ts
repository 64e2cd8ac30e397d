/** What is wrong, for programs. */
export type OutboxErrorCode =
  /** An argument is not what the contract asks for. */
  | 'BAD_ARGUMENT'
  /** There is no such message, or it was purged or cleaned up. */
  | 'NOT_FOUND'
  /** The message takes no more tokens: it was sent, or cancelled. */
  | 'NOT_OPEN'
  /** The tokens do not begin where the message ends; `total` says where that is. */
  | 'WRONG_OFFSET'
  /** The idempotency key was used for another request. */
  | 'IDEMPOTENCY_CONFLICT'
  /** The outbox holds as many tokens as it may; try again when some have been sent. */
  | 'OUTBOX_FULL'
  /** Too many calls wait for the store; try again in a moment. */
  | 'OVERLOADED'
  | 'CLOSED'
  /** Another process holds the store's file for too long. */
  | 'STORE_BUSY'
  /** The disk is full, or the file as large as it may become. */
  | 'STORE_FULL'
  | 'STORE_READ_ONLY'
  | 'STORE_CORRUPT'
  /** The file is a database, but another program's. */
  | 'STORE_FOREIGN'
  /** The file was written by a newer version of this program. */
  | 'STORE_TOO_NEW'
  /** The store cannot be reached, opened, read or written, for any other reason. */
  | 'STORE_UNAVAILABLE'
  /** It was lost while it wrote, or has not answered in time: whether it has written is not known. */
  | 'STORE_IN_DOUBT'

export interface OutboxErrorOptions {
  readonly cause?: unknown
  /** See {@link OutboxError.total}. */
  readonly total?: number
}

/** Why a call of the outbox failed. Where one failed, nothing of it was stored, but with `STORE_IN_DOUBT`, where that is not known. */
export class OutboxError extends Error {
  readonly code: OutboxErrorCode
  /** With `WRONG_OFFSET`: how many tokens the message has. */
  readonly total: number | undefined

  constructor(code: OutboxErrorCode, message: string, { cause, total }: OutboxErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'OutboxError'
    this.code = code
    this.total = total
  }
}
