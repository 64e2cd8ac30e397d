import { createHash } from 'node:crypto'
import type { NewMessage } from './outbox.js'
import type { PackedTokens } from './packed-tokens.js'

/**
 * Tells whether two requests with the same idempotency key are the same.
 *
 * @param batches undefined for a message that stays open
 */
export function digestOf(message: NewMessage, batches: readonly PackedTokens[] | undefined): Uint8Array {
  const hash = createHash('sha256')
  hash.update(
    JSON.stringify([
      message.app,
      message.content,
      message.priority ?? 0,
      message.deliverAfterMs ?? null,
      message.giveUpAfterMs ?? null,
      message.ambiguous ?? 'resend',
      message.keep ?? 'failures',
      message.suppression ?? 'apply',
      message.registeredAtMs ?? null,
      batches?.map(({ count, tokenBytes }) => [count, tokenBytes]) ?? null,
    ]),
  )
  for (const { bytes, registeredAtMs } of batches ?? []) {
    hash.update(bytes)
    if (registeredAtMs !== undefined) hash.update(registeredAtMs)
  }
  return Uint8Array.from(hash.digest())
}
