import type { Backend } from './backend/backend.js'
import { localFailure } from './error.js'
import { describeCause } from './logger.js'
import type { Message } from './message.js'
import type { Notification } from './notification.js'

/** A notification that `close` left behind. */
export interface Unsent {
  readonly message: Message
  /** Hex-encoded, in lower case. */
  readonly token: string
  readonly apnsId: string
  /** `cancelled`: never sent; `unknown`: sent, but not answered. */
  readonly code: 'cancelled' | 'unknown'
}

export interface CloseReport {
  /** What was not delivered for sure. Empty when everything was settled in time. */
  readonly unsent: readonly Unsent[]
}

/** The manager is closed, and sends nothing any more. */
export class ManagerClosedError extends Error {
  override readonly name = 'ManagerClosedError'
  readonly code = 'MANAGER_CLOSED'

  constructor() {
    super('this ApnsManager is closed; make a new one')
  }
}

/** What a backend has to stop in; its connections' farewells take a round trip or two. */
const STOP_TIMEOUT_MS = 5000
const CLOSED = localFailure('Closed')
const LOST = localFailure('ConnectionLost')

/**
 * Stops a backend, and settles whatever is left in its queue.
 *
 * @returns what was left
 */
export async function closeDown(backend: Backend): Promise<Unsent[]> {
  const { queue } = backend
  const unsent: Unsent[] = []
  const leave = (notification: Notification, code: Unsent['code']): void => {
    const { message, token, apnsId } = notification
    unsent.push({ message, token, apnsId, code })
  }
  const discardUnclaimed = (): void => {
    queue.discard(
      () => CLOSED,
      (notification, { code }) => leave(notification, code === 'unknown' ? code : 'cancelled'),
    )
  }
  discardUnclaimed()
  await stopInTime(backend)
  for (const notification of queue.unsettled()) {
    leave(notification, 'unknown')
    queue.settle(notification, LOST)
  }
  // What the backend gave back while it stopped was not sent.
  discardUnclaimed()
  return unsent
}

async function stopInTime(backend: Backend): Promise<void> {
  const stopped = (async () => backend.stop())()
  const ended = await within(
    STOP_TIMEOUT_MS,
    stopped.catch((cause: unknown) => {
      backend.logger.error(`the backend failed to stop: ${describeCause(cause)}`, { cause })
    }),
  )
  if (!ended) backend.logger.error(`the backend did not stop within ${STOP_TIMEOUT_MS / 1000} seconds`)
}

/** The longest that `setTimeout` can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Waits for a promise, but not for ever; returns whether it was settled in time. */
export async function within(timeoutMs: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timedOut = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(timeoutMs, MAX_TIMER_MS))
  })
  try {
    return await Promise.race([promise.then(() => true), timedOut])
  } finally {
    clearTimeout(timer)
  }
}
