import { randomUUID } from 'node:crypto'
import type { DeadToken, DeadTokens, FeedbackPage, FeedbackQuery } from '#src/outbox/dead-tokens.js'

export const APPLE_SAYS_MS: number = Date.UTC(2026, 6, 1, 12)
export const RECORDED_MS: number = Date.UTC(2026, 6, 2, 12)

/** The log in memory, with an account of what it was asked. */
export class DeadTokenLog implements Pick<DeadTokens, 'feedback'> {
  readonly queries: FeedbackQuery[] = []
  readonly entries: DeadToken[] = []
  /** How many queries were answered. */
  answers = 0
  /** Makes the next queries fail. */
  error: Error | undefined
  /** Runs once, after the next query has read. */
  afterReading: (() => void) | undefined

  add(app: string, count = 1): DeadToken[] {
    const added = Array.from({ length: count }, (): DeadToken => {
      const position = this.entries.length + 1
      const token = position.toString(16).padStart(64, '0')
      const entry = {
        ...{ position, app, token, timestampMs: APPLE_SAYS_MS, reason: 'Unregistered' },
        ...{ messageId: randomUUID(), recordedAtMs: RECORDED_MS },
      }
      this.entries.push(entry)
      return entry
    })
    return added
  }

  async feedback(query: FeedbackQuery = {}): Promise<FeedbackPage> {
    this.queries.push(query)
    if (this.error !== undefined) throw this.error
    const { after = 0, apps, limit = 1000 } = query
    const items: DeadToken[] = []
    for (let at = after; at < this.entries.length && items.length < limit; at++) {
      const entry = this.entries[at]
      if (entry !== undefined && apps?.includes(entry.app) !== false) items.push(entry)
    }
    const next = items.at(-1)?.position ?? after
    const { afterReading } = this
    this.afterReading = undefined
    // As in a store: the answer comes after what was read.
    await new Promise((resolve) => setImmediate(resolve))
    afterReading?.()
    this.answers++
    return { items, next }
  }
}
