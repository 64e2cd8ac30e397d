import { OutboxError, type OutboxErrorCode } from '../outbox-error.js'
import type { StoreCall } from './group-commit.js'

/** What the client says to the store's thread. */
export type ToThread = { readonly calls: readonly StoreCall[] } | 'close'

/** What the thread answers. */
export type FromThread =
  | 'opened'
  | 'closed'
  | { readonly failed: SentError }
  | {
      readonly replies: readonly (
        | { readonly id: number; readonly result: unknown }
        | { readonly id: number; readonly error: SentError }
      )[]
    }

/** An error as it crosses from one thread to another, which makes a plain `Error` of every class. */
export interface SentError {
  readonly code: OutboxErrorCode | undefined
  readonly message: string
  readonly total: number | undefined
  readonly cause: unknown
}

export function sendable(error: unknown): SentError {
  const { message, cause } = error instanceof Error ? error : new Error(String(error))
  if (error instanceof OutboxError)
    return { code: error.code, message, total: error.total, cause: textOf(cause) }
  return { code: undefined, message: `the store failed: ${message}`, total: undefined, cause: textOf(error) }
}

export function received({ code, message, total, cause }: SentError): Error {
  if (code === undefined) return new Error(message, { cause })
  return new OutboxError(code, message, { cause, ...(total === undefined ? {} : { total }) })
}

/** A driver's error has a prototype that no other thread knows. */
function textOf(cause: unknown): unknown {
  return cause instanceof Error ? (cause.stack ?? cause.message) : cause
}
