import type { ApnsManager } from 'apns-worker'

/** How it is with an app's line to Apple. */
export interface AppHealth {
  /**
   * - `connected`: a connection to Apple is open;
   * - `idle`: none is, and none is wanted at the time;
   * - `unreachable`: the last attempt failed, and the next one is put off (the breaker is open);
   * - `paused`: a configuration error has stopped the line; `reason` and `action` say which, and what to do.
   */
  readonly state: 'connected' | 'idle' | 'unreachable' | 'paused'
  readonly connections: number
  /** Seconds until it connects again; left out when that is not put off. */
  readonly backOffSeconds?: number
  readonly reason?: string
  readonly action?: string
}

/** As much of a manager as tells. */
export type ObservedManager = Pick<ApnsManager, 'paused' | 'stats'>

export function appHealth(manager: ObservedManager): AppHealth {
  const { paused } = manager
  const { connections, traffic } = manager.stats()
  if (paused !== undefined) {
    return { state: 'paused', connections, reason: paused.reason, action: paused.action }
  }
  if (connections > 0) return { state: 'connected', connections }
  if (traffic.backOff === 0) return { state: 'idle', connections }
  return { state: 'unreachable', connections, backOffSeconds: traffic.backOff }
}
