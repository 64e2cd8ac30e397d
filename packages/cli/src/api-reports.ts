/** What the API tells, as `docs/http-api.md` and the OpenAPI document have it. */

/** Of `GET /v1/messages/{id}`. */
export interface MessageReport {
  readonly id: string
  readonly app: string
  readonly environment?: string
  readonly isBroadcast?: true
  readonly state: 'open' | 'queued' | 'sending' | 'paused' | 'done' | 'cancelled'
  readonly createdAt: string
  readonly startedAt?: string
  readonly finishedAt?: string
  readonly counts: MessageCounts
  readonly reasons: Readonly<Record<string, number>>
  /** Tokens settled a second. */
  readonly rate?: number
  readonly estimatedEnd?: string
}

export interface MessageCounts {
  readonly total: number
  readonly accepted: number
  readonly refused: number
  readonly expired: number
  readonly unknown: number
  readonly suppressed: number
  readonly cancelled: number
  readonly pending: number
}

/** Of `GET /readyz`. */
export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'unavailable'
  readonly role: 'all' | 'api' | 'worker'
  readonly store: { readonly state: string; readonly code?: string }
  readonly worker: string
  readonly apps: Readonly<Record<string, LineHealth>>
}

/** An app's line to Apple. */
export interface LineHealth {
  readonly state: 'connected' | 'idle' | 'unreachable' | 'paused'
  readonly connections: number
  readonly backOffSeconds?: number
  readonly reason?: string
  readonly action?: string
}

/** Of `GET /v1/apps`. */
export interface AppReport {
  readonly name: string
  readonly topic?: string
  readonly environment: string
  readonly pending: number
  readonly paused?: { readonly by: string; readonly detail: string }
}

/** Of `GET /v1/workers`. */
export interface WorkerReport {
  readonly name: string
  readonly role: string
  readonly heardAt: string
  readonly leader: boolean
  readonly window?: { readonly tokens: number; readonly inHand: number }
  readonly lanes: readonly { readonly lane: string; readonly state: string; readonly connections: number }[]
}
