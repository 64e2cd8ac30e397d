/**
 * The tokens that Apple has declared dead, app by app: a log of when that was learnt, which only grows, and the list of those
 * that nothing is sent to any more (suppression).
 *
 * A token enters both when an outcome with `isDead` is recorded for it. It leaves the list, and not the log, when it is
 * registered anew: by a message that was given a `registeredAtMs`, or a token with one, later than Apple's timestamp; or by
 * {@link register}. Tokens on the list are settled as `suppressed` when they would be handed out, unless their message says
 * `suppression: 'ignore'`.
 */
export interface DeadTokens {
  /** In the order in which it was learnt. */
  feedback(query?: FeedbackQuery): Promise<FeedbackPage>

  /** Those that nothing is sent to, of an app. */
  suppressions(query: SuppressionQuery): Promise<SuppressionPage>

  /**
   * Takes tokens off the list.
   *
   * @param registeredAtMs only those that were declared dead before; default: all of them
   * @returns how many were on it
   */
  register(app: string, tokens: Iterable<string>, registeredAtMs?: number): Promise<number>

  /** How far a reader of the log has come that keeps its place here; 0 for one that is new. */
  readCursor(name: string): Promise<number>

  /** Keeps a reader's place, durably. */
  moveCursor(name: string, position: number): Promise<void>
}

export interface FeedbackQuery {
  /** `next` of the page before; default: from the first. */
  readonly after?: number | undefined
  /** Default: of all apps. */
  readonly apps?: readonly string[] | undefined
  /** 1 to 10,000; default 1000. */
  readonly limit?: number | undefined
}

export interface FeedbackPage {
  readonly items: readonly DeadToken[]
  /** Where the next page begins, now or later: nothing is ever put before it. */
  readonly next: number
}

export interface DeadToken {
  /** Its place in the log, from 1. */
  readonly position: number
  readonly app: string
  /** Hex-encoded, in lower case. */
  readonly token: string
  /** Since when, as Apple says; or when it was learnt, where Apple does not say. */
  readonly timestampMs: number
  /** `Unregistered` or `ExpiredToken`. */
  readonly reason: string
  readonly messageId: string
  readonly recordedAtMs: number
}

export interface SuppressionQuery {
  readonly app: string
  /** Only this token. */
  readonly token?: string | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
  /** 1 to 10,000; default 1000. */
  readonly limit?: number | undefined
}

export interface SuppressionPage {
  readonly items: readonly { readonly token: string; readonly timestampMs: number; readonly reason: string }[]
  /** Undefined where there is no more. */
  readonly next: string | undefined
}
