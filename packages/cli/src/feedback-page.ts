import type { ApiClient } from './api-client.js'
import { notOurs } from './api-error.js'

/** A token that Apple has declared dead, as `docs/dead-tokens.md` has it. */
export interface DeadTokenReport {
  readonly token: string
  readonly when: string
  readonly app: string
  readonly environment?: string
  readonly reason: string
  readonly messageId: string
  readonly recordedAt: string
  readonly cursor: string
}

export interface FeedbackPage {
  readonly items: readonly DeadTokenReport[]
  /** Where to go on, now or later. */
  readonly next: string
}

export interface FeedbackQuery {
  /** A cursor; undefined: from the beginning. */
  readonly after: string | undefined
  readonly app: string | undefined
  /** Seconds to wait where there is nothing. */
  readonly wait: number
}

const LIMIT = 1000
/** Beyond what it was asked to wait. */
const SILENCE_MS = 20_000

/**
 * Asks a server for dead tokens.
 *
 * @throws {ApiError}
 */
export async function readFeedback(
  api: ApiClient,
  { after, app, wait }: FeedbackQuery,
  signal: AbortSignal,
): Promise<FeedbackPage> {
  const query = new URLSearchParams({
    limit: String(LIMIT),
    wait: String(wait),
    ...(after === undefined ? {} : { after }),
    ...(app === undefined ? {} : { app }),
  })
  const silenceMs = wait * 1000 + SILENCE_MS
  const { items, next } = await api.get(`/v1/feedback?${query.toString()}`, { signal, silenceMs })
  if (!Array.isArray(items) || typeof next !== 'string') throw notOurs(api.server)
  // As the API's document describes it.
  return { items: items as DeadTokenReport[], next }
}
