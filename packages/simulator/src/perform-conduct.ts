/** What rules for connections do to one that has come through the TLS handshake. */
import type { Conduct } from './connection-rule.js'
import type { ConnectionTap } from './connection-tap.js'
import { toCut, toGoAways } from './reply.js'
import type { Cut, GoAwayOptions } from './rule.js'

/** The connection, as far as rules deal with it. `why` is for the journal. */
export interface ConductedConnection {
  goAway(goAways: readonly GoAwayOptions[], why: string): void
  disconnect(cut: Cut, why: string): void
  fallSilent(forMs: number | undefined, why: string): void
}

/** Before the session has said a word. */
export function performBeforeSettings(
  conduct: Conduct,
  tap: ConnectionTap,
  connection: ConductedConnection,
): void {
  const { goAway, disconnect, blackHole, stallWindow } = conduct
  if (goAway?.goAway !== undefined && goAway.beforeSettings === true) {
    tap.startWithOwnFrame()
    connection.goAway(toGoAways(goAway.goAway), goAway.name)
  }
  const rule = disconnect ?? blackHole
  const act = (): void => {
    if (disconnect?.disconnect !== undefined)
      connection.disconnect(toCut(disconnect.disconnect), disconnect.name)
    else if (blackHole !== undefined) connection.fallSilent(inMilliseconds(blackHole.for), blackHole.name)
  }
  if (rule?.atByte !== undefined) tap.receivedMark.set(rule.atByte, act)
  if (rule?.atSentByte !== undefined) tap.sentMark.set(rule.atSentByte, act)
  if (stallWindow !== undefined) tap.holdWindows(true)
}

/** Once the session has been made. */
export function performAfterSettings({ goAway }: Conduct, connection: ConductedConnection): void {
  if (goAway?.goAway !== undefined && goAway.beforeSettings !== true)
    connection.goAway(toGoAways(goAway.goAway), goAway.name)
}

export function inMilliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}
