import { createHash } from 'node:crypto'
import type { LookupFunction } from 'node:net'
import type { AppRegistry } from '../../apps/app-registry.js'
import type { WebhookConfig } from '../../config/server-config.js'
import { isoTime } from '../../http/messages/moment.js'
import type { DeadToken, DeadTokens, FeedbackPage } from '../../outbox/dead-tokens.js'
import { encodeCursor } from '../cursor.js'
import { reportOf } from '../dead-token-report.js'
import type { FeedbackFollower } from '../feedback-follower.js'
import { NotTakenError, post } from './post.js'
import { checkHost, publicLookup, type Resolve } from './public-lookup.js'
import { retryDelayMs } from './retry-pace.js'
import { keysOf, signatureFields } from './signature.js'

export interface WebhookOptions {
  readonly config: WebhookConfig
  /** Whoever made it closes it, after the webhook was stopped. */
  readonly follower: FeedbackFollower
  /** Where its place in the log is kept. */
  readonly cursors: Pick<DeadTokens, 'readCursor' | 'moveCursor'>
  readonly apps: AppRegistry
  readonly logger: WebhookLogger
  /** Certificates of authorities, in PEM. Default: Node's, and those of `NODE_EXTRA_CA_CERTS`. */
  readonly ca?: string | undefined
  /** Default: the system's resolver. */
  readonly resolve?: Resolve | undefined
  /** From 0 up to 1. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** As much of pino as is needed. */
export interface WebhookLogger {
  info(facts: object, text: string): void
  warn(facts: object, text: string): void
}

/** For readiness and metrics. Moments are Unix time in milliseconds. */
export interface WebhookStatus {
  /** Dead tokens that the receiver has taken, since the start. */
  readonly delivered: number
  /** Attempts that failed since the last that did not. */
  readonly failures: number
  readonly lastSuccessAtMs: number | undefined
  readonly lastError: { readonly atMs: number; readonly message: string } | undefined
  /** When it is tried again; undefined where nothing has failed. */
  readonly nextAttemptAtMs: number | undefined
  /** For how long the oldest dead token that waits to be taken has been known; 0 where none is. */
  readonly lagMs: number
}

/** @throws {TypeError} for a URL or a secret that cannot be used */
export function checkWebhook(config: WebhookConfig): void {
  checkedUrl(config)
  keysOf(config.secret)
}

/** Of its place in the log. */
const CURSOR_NAME = 'webhook'
const DEFAULT_STOP_TIMEOUT_MS = 10_000
const TOO_LARGE = 413

/**
 * Tells a receiver of dead tokens, batch by batch, in order and at least once: its place moves on when the receiver has taken
 * a batch, so that after a crash one batch at most is repeated. It never gives up, and never holds up anything else.
 */
export class Webhook {
  readonly #options: WebhookOptions
  readonly #url: URL
  readonly #keys: readonly Buffer[]
  readonly #lookup: LookupFunction | undefined
  readonly #random: () => number
  readonly #running: Promise<void>
  /** Aborted first: nothing new is begun. */
  readonly #stopping = new AbortController()
  /** Aborted last: what was begun is given up. */
  readonly #giveUp = new AbortController()
  #batchSize: number
  #waiting: DeadToken | undefined
  #delivered = 0
  #failures = 0
  #lastSuccessAtMs: number | undefined
  #lastError: WebhookStatus['lastError']
  #nextAttemptAtMs: number | undefined

  /** @throws {TypeError} for a URL or a secret that cannot be used */
  constructor(options: WebhookOptions) {
    const { config, resolve, random = Math.random } = options
    this.#options = options
    this.#url = checkedUrl(config)
    this.#keys = keysOf(config.secret)
    this.#lookup = config.allowPrivateAddresses ? undefined : publicLookup(resolve)
    this.#random = random
    this.#batchSize = config.batchSize
    this.#running = this.#run()
  }

  status(): WebhookStatus {
    return {
      delivered: this.#delivered,
      failures: this.#failures,
      lastSuccessAtMs: this.#lastSuccessAtMs,
      lastError: this.#lastError,
      nextAttemptAtMs: this.#nextAttemptAtMs,
      lagMs: this.#waiting === undefined ? 0 : Math.max(0, Date.now() - this.#waiting.recordedAtMs),
    }
  }

  /** Begins nothing more, and resolves when what was begun is over. Idempotent. @param timeoutMs default: 10,000 */
  async stop(timeoutMs: number = DEFAULT_STOP_TIMEOUT_MS): Promise<void> {
    this.#stopping.abort()
    const timer = setTimeout(() => this.#giveUp.abort(), timeoutMs)
    await this.#running
    clearTimeout(timer)
  }

  async #run(): Promise<void> {
    const { cursors, follower } = this.#options
    const { signal } = this.#stopping
    let position = await this.#insist(() => cursors.readCursor(CURSOR_NAME))
    while (position !== undefined && !signal.aborted) {
      const query = { after: position, limit: this.#batchSize }
      const page = await this.#insist(() => follower.next(query, signal))
      // The log has no end: where there is nothing, it was stopped.
      if (page === undefined || page.items.length === 0 || signal.aborted) return
      this.#waiting = page.items[0]
      const isTaken = await this.#insist(() => this.#send(page.items))
      if (isTaken === undefined) return
      // Before the next batch, or else a crash would repeat both.
      if (isTaken) position = await this.#insist(() => this.#moveTo(page))
    }
  }

  /** @returns false when it was too much at once, and less is to be tried */
  async #send(items: readonly DeadToken[]): Promise<boolean> {
    const { config, ca } = this.#options
    if (!config.allowPrivateAddresses) checkHost(this.#url)
    const body = this.#bodyOf(items)
    // Of its contents: what is repeated is the same, and nothing else is, on any store.
    const id = `feedback_${createHash('sha256').update(body).digest('base64url')}`
    const signature = signatureFields({ id, timestamp: Math.floor(Date.now() / 1000), body }, this.#keys)
    try {
      await post({
        url: this.#url,
        fields: { 'content-type': 'application/json', 'user-agent': 'apns-worker', ...signature },
        body,
        timeoutMs: config.timeoutMs,
        lookup: this.#lookup,
        ca,
        signal: this.#giveUp.signal,
      })
    } catch (error) {
      if (!(error instanceof NotTakenError) || error.status !== TOO_LARGE || items.length === 1) throw error
      this.#batchSize = Math.ceil(items.length / 2)
      const facts = { receiver: this.#url.host, batchSize: this.#batchSize }
      this.#options.logger.warn(facts, 'the webhook’s receiver takes smaller batches only')
      return false
    }
    this.#waiting = undefined
    this.#delivered += items.length
    this.#lastSuccessAtMs = Date.now()
    return true
  }

  async #moveTo({ next }: FeedbackPage): Promise<number> {
    await this.#options.cursors.moveCursor(CURSOR_NAME, next)
    return next
  }

  #bodyOf(items: readonly DeadToken[]): string {
    const { apps } = this.#options
    const last = items.at(-1)
    return JSON.stringify({
      type: 'feedback',
      timestamp: isoTime(last?.recordedAtMs ?? 0),
      data: { items: items.map((item) => reportOf(apps, item)), next: encodeCursor(last?.position ?? 0) },
    })
  }

  /** Repeats what fails, ever more slowly. @returns undefined when it was stopped before it succeeded */
  async #insist<T>(work: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        const result = await work()
        if (this.#failures > 0)
          this.#options.logger.info(
            { receiver: this.#url.host, failures: this.#failures },
            'the webhook works again',
          )
        this.#failures = 0
        this.#nextAttemptAtMs = undefined
        return result
      } catch (error) {
        if (this.#stopping.signal.aborted) return undefined
        await this.#sleep(this.#failed(error))
        if (this.#stopping.signal.aborted) return undefined
      }
    }
  }

  /** @returns how long to wait, in milliseconds */
  #failed(error: unknown): number {
    const nowMs = Date.now()
    const message = error instanceof Error ? error.message : String(error)
    const asked = error instanceof NotTakenError ? error.askedMs : undefined
    this.#failures++
    const delayMs = retryDelayMs(this.#failures, asked, this.#random)
    this.#lastError = { atMs: nowMs, message }
    this.#nextAttemptAtMs = nowMs + delayMs
    // The host alone: the rest of the address may be a secret.
    const facts = {
      receiver: this.#url.host,
      failures: this.#failures,
      retrySeconds: delayMs / 1000,
      error: message,
    }
    this.#options.logger.warn(facts, 'the webhook failed, and is tried again')
    return delayMs
  }

  #sleep(milliseconds: number): Promise<void> {
    const { signal } = this.#stopping
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, milliseconds)
      signal.addEventListener('abort', done)
    })
  }
}

function checkedUrl({ url, allowPrivateAddresses }: WebhookConfig): URL {
  if (!URL.canParse(url)) throw new TypeError('the webhook’s URL is none')
  const parsed = new URL(url)
  if (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && allowPrivateAddresses))
    throw new TypeError(
      'the webhook’s URL begins with https:, or with http: where webhook.allowPrivateAddresses is set',
    )
  if (parsed.username !== '' || parsed.password !== '')
    throw new TypeError('the webhook’s URL has no user and password: the signature says who sends')
  return parsed
}
