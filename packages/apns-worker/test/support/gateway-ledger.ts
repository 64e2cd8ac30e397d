import assert from 'node:assert/strict'
import type { FrameFormat, GatewayNotification } from '@apns-worker/simulator'
import { frameBytes } from '#src/protocol/gateway/frame.js'

/** What goes wrong on one connection: a rule of the gateway's, which knows no connection yet. */
export interface Trouble {
  readonly nth?: number
  readonly status?: number
  /** Without it, the response names the nth. With status 10 one before it, or none. Otherwise none. */
  readonly ident?: number
  readonly trailing?: string
  readonly bytes?: string
  readonly disconnect?: true
  readonly disconnectAtByte?: number
  readonly delay?: number
}

/** One notification that was given to the manager, with a token of its own. */
export interface Sent {
  readonly token: string
  readonly ambiguous: 'resend' | 'drop'
  readonly isExpired: boolean
}

/** `accepted`, `expired`, `unknown`, or `refused` and the status. */
export type Fate = string

export interface LedgerOptions {
  readonly format: FrameFormat
  readonly maxAttempts: number
  /** What the manager reports, which decides only where the gateway can not know: of frames that it never read. */
  readonly reported: ReadonlyMap<string, Fate>
}

/** Whether what is to go wrong has, once the gateway has read these notifications and nothing behind them. */
export function hasHappened(
  trouble: Trouble | undefined,
  carried: readonly GatewayNotification[],
  format: FrameFormat,
): boolean {
  if (trouble === undefined) return false
  if (trouble.disconnectAtByte === undefined) return carried.length >= (trouble.nth ?? 0)
  let bytes = 0
  for (const { token, body: payload, ident, expiration, priority } of carried) {
    bytes += frameBytes(format, { token: Buffer.from(token, 'hex'), payload, ident, expiration, priority })
  }
  return bytes >= trouble.disconnectAtByte
}

/**
 * What has to become of every notification, told from what the gateway read on each of its connections and how these
 * ended. Asserts on the way that each connection carried all that was not settled before it, in the order of sending, as far
 * as it came: nothing left out, nothing overtaken, and nothing that was settled.
 */
export class GatewayLedger {
  readonly fates: Map<string, Fate> = new Map()
  /** Tokens that the gateway took, and then did not stand by: its shutdown named an earlier one. */
  readonly disowned: Set<string> = new Set()
  /** How many connections ended with all that they carried in doubt. */
  doubtfulEnds = 0
  readonly #options: LedgerOptions
  readonly #doubts = new Map<string, number>()
  /** What is not settled, in the order of sending. */
  #left: Sent[]

  constructor(sent: readonly Sent[], options: LedgerOptions) {
    this.#options = options
    for (const { token, isExpired } of sent) if (isExpired) this.fates.set(token, 'expired')
    this.#left = sent.filter(({ isExpired }) => !isExpired)
  }

  /** The next connection has carried this, and ended by what was to go wrong on it. */
  ended(carried: readonly GatewayNotification[], trouble: Trouble | undefined): void {
    this.#carry(carried)
    const isCut = trouble?.disconnectAtByte !== undefined
    assert.ok(isCut || hasHappened(trouble, carried, this.#options.format), 'left without need')
    this.#end(trouble ?? {}, carried)
  }

  /** The last connection has carried this, and is open. What then is left was cut off before it was read. */
  open(carried: readonly GatewayNotification[]): void {
    this.#carry(carried)
    for (const record of carried) this.#arrived(record)
    while (this.#left.length > 0) this.#lose(0)
  }

  #carry(carried: readonly GatewayNotification[]): void {
    for (const [at, { token }] of carried.entries()) {
      while (this.#left[at] !== undefined && this.#left[at].token !== token) this.#lose(at)
      assert.equal(token, this.#left[at]?.token, 'settled, and sent again')
    }
  }

  #end({ nth = 0, status, ident }: Trouble, carried: readonly GatewayNotification[]): void {
    const named = ident === undefined ? nth - 1 : carried.findIndex((record) => record.ident === ident)
    const record = carried[named]
    if (status === undefined || record === undefined || this.#options.format === 'simple') {
      this.#doubt(carried)
      return
    }
    for (const before of carried.slice(0, named)) this.#arrived(before)
    if (status === 10) {
      this.#arrived(record)
    } else {
      assert.deepEqual([record.fate, record.status], ['rejected', status])
      this.#settle(record.token, `refused ${status}`)
    }
    for (const { fate, token } of carried.slice(named + 1)) if (fate === 'accepted') this.disowned.add(token)
  }

  #doubt(carried: readonly GatewayNotification[]): void {
    this.doubtfulEnds++
    for (const [index, { ambiguous, token }] of this.#left.slice(0, carried.length).entries()) {
      assert.equal(token, carried[index]?.token)
      const doubts = (this.#doubts.get(token) ?? 0) + 1
      this.#doubts.set(token, doubts)
      if (ambiguous === 'drop' || doubts >= this.#options.maxAttempts) this.#settle(token, 'unknown')
    }
  }

  #arrived({ fate, token }: GatewayNotification): void {
    assert.equal(fate, 'accepted', `${token} is taken for delivered`)
    this.#settle(token, 'accepted')
  }

  #settle(token: string, fate: Fate): void {
    this.fates.set(token, fate)
    this.#left = this.#left.filter((each) => each.token !== token)
  }

  /**
   * It was written on a connection that ended in doubt, and not read: the gateway knows nothing of it. What was sent before
   * it was written before it, and is not better off.
   */
  #lose(at: number): void {
    const { token = '', ambiguous } = this.#left[at] ?? {}
    assert.equal(this.#options.reported.get(token), 'unknown', `${token} was left out`)
    const isDropped = ambiguous === 'drop'
    assert.ok(this.doubtfulEnds >= (isDropped ? 1 : this.#options.maxAttempts), `${token} was not in doubt`)
    const before = this.#left.slice(0, at)
    assert.ok(before.every((each) => isDropped && each.ambiguous === 'resend'))
    this.#settle(token, 'unknown')
  }
}
