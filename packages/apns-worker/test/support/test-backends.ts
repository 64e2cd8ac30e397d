import assert from 'node:assert/strict'
import {
  ApnsError,
  ApnsManager,
  type ApnsManagerOptions,
  Backend,
  type BackendOptions,
  type Failure,
  type Feedback,
  type Notification,
  type Subscription,
} from 'apns-worker'

/** A refusal, as a backend would settle with it. */
export const REFUSAL: Failure = {
  code: 'refused',
  reason: 'Unregistered',
  status: 8,
  httpStatus: 410,
  description: 'The device token is no longer active for the topic.',
  action: 'Delete the token.',
}

/** Distinct device tokens. */
export function tokens(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => (from + index).toString(16).padStart(64, '0'))
}

/** All that comes. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const each of source) all.push(each)
  return all
}

let latest: Backend | undefined

function remember(backend: Backend): void {
  latest = backend
}

/** A backend that brings nothing anywhere, and counts what it is asked. */
abstract class TestBackend extends Backend {
  notifies = 0
  starts = 0
  stops = 0
  readonly feedbackCallbacks: ((feedback: Feedback) => unknown)[] = []

  constructor(options: BackendOptions) {
    super(options)
    remember(this)
  }

  override start(): void | Promise<void> {
    this.starts++
  }

  override stop(): void | Promise<void> {
    this.stops++
  }

  override startFeedback(callback: (feedback: Feedback) => unknown): Subscription | undefined {
    this.feedbackCallbacks.push(callback)
    return undefined
  }

  /** Claims all there is. */
  take(): Notification[] {
    const taken: Notification[] = []
    for (let each = this.queue.claim(); each !== undefined; each = this.queue.claim()) taken.push(each)
    return taken
  }
}

/** What a {@link ScriptedBackend} does with a notification. */
export type Reply = 'accept' | 'hold' | 'requeue' | Failure

/**
 * A backend that learns each one's fate, from the test: either by hand (`take`, then `queue.settle` and its like), or
 * by a script, which is asked for each notification in the turn of the event loop after it was queued.
 */
export class ScriptedBackend extends TestBackend {
  static readonly settlesEach: boolean = true
  script: ((notification: Notification) => Reply) | undefined
  #scheduled = false

  override queueNotify(): void {
    this.notifies++
    if (this.script === undefined || this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.work()
    })
  }

  /** Does what the script says with all that is queued. */
  work(): void {
    for (const notification of this.take()) this.settle(notification, this.script?.(notification) ?? 'accept')
  }

  settle(notification: Notification, reply: Reply): void {
    if (reply === 'accept') this.queue.settle(notification)
    else if (reply === 'requeue') this.queue.requeue(notification)
    else if (reply !== 'hold') this.deliveryError(new ApnsError({ ...reply, notification }))
  }
}

/** A backend as the original library's: it claims and writes; only errors are answered, by ident. */
export class OriginalStyleBackend extends TestBackend {
  readonly sent: Notification[] = []

  override queueNotify(): void {
    this.notifies++
    this.sent.push(...this.take())
  }

  /** The service says that this one failed and closes the connection: all after it was not looked at. */
  fails(sent: Notification | undefined, status: number): void {
    assert.ok(sent?.ident !== undefined)
    const found = this.queue.backtrack(sent.ident)
    if (found !== undefined) this.deliveryError(ApnsError.fromStatus(status, found))
  }
}

/** A manager, and the backend that it made. */
export function managerWith<B extends Backend>(
  backendClass: new (options: BackendOptions) => B,
  options: Omit<ApnsManagerOptions, 'backend'> = {},
): { apns: ApnsManager; backend: B } {
  const apns = new ApnsManager({ ...options, backend: backendClass })
  const backend = latest
  assert.ok(backend instanceof backendClass)
  return { apns, backend }
}

/** A logger that keeps what it is told. */
export class KeptLog {
  readonly lines: string[] = []
  debug = (message: string): void => this.#keep('debug', message)
  info = (message: string): void => this.#keep('info', message)
  warn = (message: string): void => this.#keep('warn', message)
  error = (message: string): void => this.#keep('error', message)

  #keep(level: string, message: string): void {
    this.lines.push(`${level}: ${message}`)
  }
}
