/** How many tokens an app is handed before the others are looked at again: a full batch, or so many small ones. */
const TURN_TOKENS = 1000

/** An app that has something to hand out, in a claim. */
export interface AppTurn {
  readonly id: number
  /** Its virtual time: grows by what it is handed. */
  served: number
  /** How much more of it the owner may have in hand. */
  room: number
  /** When it was last its turn. */
  startTag: number
  /** How many tokens it was handed. */
  handed: number
  /** How many tokens its batches have, as far as is known. */
  batchTokens: number
}

/**
 * How many tokens each app is to be handed next, where all have enough: start-time fair queueing (Goyal, Vin, Cheng 1996); the
 * app with the lowest virtual time is next. Changes nothing.
 *
 * @returns those that are to be handed something
 */
export function planTurns(apps: Iterable<AppTurn>, tokens: number): Map<AppTurn, number> {
  const planned = new Map<AppTurn, number>()
  const open = new Set([...apps].filter(({ room }) => room > 0))
  for (let left = tokens; left > 0 && open.size > 0; ) {
    const app = lowest(open, planned)
    const before = planned.get(app) ?? 0
    const turn = Math.min(left, app.room - before, TURN_TOKENS)
    planned.set(app, before + turn)
    left -= turn
    if (before + turn >= app.room) open.delete(app)
  }
  return planned
}

function lowest(apps: Iterable<AppTurn>, planned: ReadonlyMap<AppTurn, number>): AppTurn {
  let found: AppTurn | undefined
  let least = Number.POSITIVE_INFINITY
  for (const app of apps) {
    const time = app.served + (planned.get(app) ?? 0)
    if (time < least) {
      found = app
      least = time
    }
  }
  if (found === undefined) throw new Error('no app to choose from')
  return found
}
