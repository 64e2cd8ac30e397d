import {
  CONNECTION_MISCHIEF,
  DEAD_END_MISCHIEF,
  type Mischief,
  NOTIFICATION_MISCHIEF,
  STORMS,
} from './chaos-repertoire.js'
import type { Conduct, ConnectionAction } from './connection-rule.js'
import { Random } from './random.js'
import type { NotificationRecord } from './received.js'
import { type Reply, toReply } from './reply.js'
import { effectOf } from './schema/connection-rule-shape.js'

/** Random misbehaviour for the whole run. */
export interface ChaosOptions {
  /** Decides what happens to which connection, and to which of its requests; default the simulator's seed. */
  readonly seed?: number | string
  /** From 0, nothing, to 1: of sixteen requests one, and most connections. Default 0.5. */
  readonly intensity?: number
}

/** Share of requests, and of connections, that something happens to at full intensity. */
const NOTIFICATION_SHARE = 0.06
const DEAD_END_SHARE = 0.3
const CONNECTION_SHARE = 0.4
/** So many connections in a row come to nothing at most. */
const DEAD_ENDS_IN_A_ROW = 3
/** So many times something happens to a device token at most; then it is let through. */
const MISCHIEF_PER_TOKEN = 4
/** How many requests of a connection a storm lasts. */
const STORM = { least: 10, most: 200 } as const
/** Device tokens, and connections, that are remembered. */
const REMEMBERED_TOKENS = 1_000_000
const REMEMBERED_CONNECTIONS = 1_000

interface ConnectionState {
  readonly random: Random
  storm: { readonly reply: Reply; left: number } | undefined
}

/**
 * Misbehaves at random, and always lets traffic through in the end. What happens to a connection hangs on the seed and
 * its number, what happens to a request on its place in its connection too; so a run can be repeated as far as the client
 * does the same.
 */
export class Chaos {
  readonly #seed: string
  readonly #intensity: number
  readonly #connections = new Map<number, ConnectionState>()
  readonly #perToken = new Map<string, number>()
  #deadEnds = 0

  constructor(seed: string, intensity: number) {
    this.#seed = `chaos ${seed}`
    this.#intensity = intensity
  }

  /** How a new connection is treated. */
  conductOf(connection: number): Conduct {
    const random = new Random(`${this.#seed} connection ${connection}`)
    const isDeadEnd = random.chance(this.#intensity * DEAD_END_SHARE)
    if (isDeadEnd && this.#deadEnds < DEAD_ENDS_IN_A_ROW) {
      this.#deadEnds += 1
      return toConduct(draw(DEAD_END_MISCHIEF, random))
    }
    this.#deadEnds = 0
    return random.chance(this.#intensity * CONNECTION_SHARE)
      ? toConduct(draw(CONNECTION_MISCHIEF, random))
      : {}
  }

  /** What happens to a notification, if anything. `now`: milliseconds since 1970. */
  replyTo(record: NotificationRecord, now: number): Reply | undefined {
    const state = this.#stateOf(record.connection)
    const isStruck = state.random.chance(this.#intensity * NOTIFICATION_SHARE)
    if (!isStruck && state.storm === undefined) return undefined
    if (!this.#mayStrike(record.token)) return undefined
    if (state.storm !== undefined) {
      const { storm } = state
      storm.left -= 1
      if (storm.left === 0) state.storm = undefined
      return storm.reply
    }
    const { name, action } = draw(NOTIFICATION_MISCHIEF, state.random)
    if (action !== 'storm') return toReply(action, name, now, state.random)
    const brought = draw(STORMS, state.random)
    const reply = toReply(brought.action, brought.name, now, state.random)
    state.storm = { reply, left: state.random.integer(STORM.least, STORM.most) }
    return reply
  }

  #stateOf(connection: number): ConnectionState {
    const known = this.#connections.get(connection)
    if (known !== undefined) return known
    const state = { random: new Random(`${this.#seed} requests ${connection}`), storm: undefined }
    this.#connections.set(connection, state)
    this.#connections.delete(connection - REMEMBERED_CONNECTIONS)
    return state
  }

  #mayStrike(token: string): boolean {
    const before = this.#perToken.get(token) ?? 0
    if (before >= MISCHIEF_PER_TOKEN) return false
    if (this.#perToken.size >= REMEMBERED_TOKENS) this.#perToken.clear()
    this.#perToken.set(token, before + 1)
    return true
  }
}

function draw<Action>(
  choices: readonly Mischief<Action>[],
  random: Random,
): { readonly name: string; readonly action: Action } {
  const { name, draw } = random.pick(choices)
  return { name: `chaos: ${name}`, action: draw(random) }
}

function toConduct({ name, action }: { readonly name: string; readonly action: ConnectionAction }): Conduct {
  const effect = effectOf(action)
  return effect === undefined ? {} : { [effect]: { ...action, name } }
}
