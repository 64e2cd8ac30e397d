import type { ApnsManager } from 'apns-worker'
import type { Exposition } from './exposition.js'
import { reasonLabel } from './known-reasons.js'
import type { LaneLabels } from './lane-labels.js'

/** As much of a manager as tells. */
export type ObservedManager = Pick<ApnsManager, 'paused' | 'stats'>

const STATES = ['connecting', 'probing', 'open', 'draining'] as const

/** What a lane's manager says of itself. Apps that share connections all show the same ones. */
export function writeLane(exposition: Exposition, { paused, ...manager }: LaneState): void {
  const { labels, stats } = manager
  const { traffic, retried, credential } = stats
  const { connections, connectionsFailed, backOff } = traffic
  const set: Setter = (name, value, more) => exposition.set(name, value, { ...labels, ...more })
  set('apns_worker_retries_total', retried)
  set('apns_worker_paused', paused === undefined ? 0 : 1, {
    reason: paused === undefined ? 'none' : reasonLabel(paused.reason),
  })
  for (const state of STATES) {
    set('apns_worker_connections', connections.filter((each) => each.state === state).length, { state })
  }
  set('apns_worker_connection_failures_total', connectionsFailed)
  set('apns_worker_back_off_seconds', backOff)
  set(
    'apns_worker_streams',
    sum(connections, ({ streams }) => streams),
  )
  // One that is still connecting stands for a request that may wait, and Apple has not said anything.
  const usable = connections.filter(({ state }) => state === 'open' || state === 'probing')
  set(
    'apns_worker_streams_allowed',
    sum(usable, ({ streamLimit }) => streamLimit),
  )
  if (credential?.kind === 'token') set('apns_worker_provider_token_age_seconds', credential.age)
  if (credential?.kind === 'certificate') {
    set('apns_worker_certificate_expiry_seconds', credential.expiresIn)
  }
}

export interface LaneState {
  readonly labels: LaneLabels
  readonly paused: ObservedManager['paused']
  readonly stats: ReturnType<ObservedManager['stats']>
}

type Setter = (
  name: Parameters<Exposition['set']>[0],
  value: number | undefined,
  more?: Readonly<Record<string, string>>,
) => void

function sum<T>(list: readonly T[], numberOf: (item: T) => number): number {
  return list.reduce((total, item) => total + numberOf(item), 0)
}
