import type { Outbox } from '@apns-worker/server'
import { RECORDED_MS } from './dead-token-log.js'

/** Tokens that say their number, as those of the log in memory do. */
export function tokensFrom(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => (first + index).toString(16).padStart(64, '0'))
}

/** As a worker would record that Apple has declared tokens dead. */
export async function bury(outbox: Outbox, app: string, tokens: readonly string[]): Promise<string> {
  const { messageId } = await outbox.append({ app, content: '{}', suppression: 'ignore' }, tokens)
  for (;;) {
    const { batches } = await outbox.claim({ owner: 'gravedigger', leaseMs: 60_000, maxTokens: 10_000 })
    if (batches.length === 0) return messageId
    const dead = {
      status: 'refused',
      reason: 'Unregistered',
      timestampMs: RECORDED_MS,
      isDead: true,
    } as const
    await outbox.record(
      batches.map((batch) => ({
        ...batch,
        others: batch.pending.map((index) => ({ index, ...dead })),
      })),
    )
  }
}
