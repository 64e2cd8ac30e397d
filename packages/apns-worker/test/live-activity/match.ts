import assert from 'node:assert/strict'
import {
  type ApnsManager,
  type Failure,
  LiveActivityError,
  type LiveActivityErrorCode,
  type LiveActivityFate,
  LiveActivitySession,
  type LiveActivitySessionOptions,
  type LiveActivityStartOptions,
  type Message,
} from 'apns-worker'
import { managerWith, ScriptedBackend } from '../support/test-backends.js'
import { FakeClock } from './fake-clock.js'

export const START_TOKEN = 'aa'.repeat(32)
export const [TOKEN, NEXT_TOKEN] = ['bb'.repeat(32), 'cc'.repeat(80)] as const
export const NOW = 1_700_000_000
export const ALERT = { title: 'Goal!', body: '1:0' }
export const START: LiveActivityStartOptions<Score, Teams> = {
  attributesType: 'MatchAttributes',
  attributes: { home: 'A', away: 'B' },
  state: { goals: 0 },
  alert: { title: 'Kick-off', body: 'A : B', sound: 'default' },
}

export interface Score {
  readonly goals: number
}

export interface Teams {
  readonly home: string
  readonly away: string
}

/** A session, and what it has sent; it is accepted in the next turn of the event loop, unless its token is a refused one. */
export class Match implements AsyncDisposable {
  readonly clock = new FakeClock(NOW)
  readonly sent: Message[] = []
  readonly apns: ApnsManager
  readonly session: LiveActivitySession<Score, Teams>
  readonly refused = new Map<string, Failure>()

  constructor(
    options: LiveActivitySessionOptions = { token: TOKEN },
    backendClass: typeof ScriptedBackend = ScriptedBackend,
  ) {
    const { apns, backend } = managerWith(backendClass)
    backend.script = ({ token }) => this.refused.get(token) ?? 'accept'
    this.apns = apns
    const sendMessage: ApnsManager['sendMessage'] = (message) => {
      const delivery = apns.sendMessage(message)
      this.sent.push(message)
      return delivery
    }
    this.session = new LiveActivitySession<Score, Teams>({ sendMessage }, { clock: this.clock, ...options })
  }

  /** What was sent, since it was last asked for: one line for each. */
  take(): string[] {
    return this.sent.splice(0).map(({ tokens, payload, priority }) => {
      const { event, timestamp, 'content-state': state } = apsOf(payload)
      const goals = (state as Score | undefined)?.goals
      return `${tokens[0]?.slice(0, 2)} ${String(event)} ${goals ?? '-'} +${Number(timestamp) - NOW} p${priority}`
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close()
    assert.equal(this.clock.timers, 0, 'a timer is left')
    await this.apns.close()
  }
}

export function apsOf(payload: Record<string, unknown>): Record<string, unknown> {
  return payload['aps'] as Record<string, unknown>
}

export function refuses(run: () => unknown, code: LiveActivityErrorCode): void {
  assert.throws(run, (error: unknown) => error instanceof LiveActivityError && error.code === code)
}

export async function fateOf(promise: Promise<LiveActivityFate>): Promise<string> {
  return (await promise).fate
}
