/** What may surprise about a broadcast: how long it lives. */
import { STORAGE_SECONDS } from '../broadcast/broadcast-checks.js'
import type { BroadcastFacts } from './explain-broadcast.js'
import { type Findings, PAGES } from './finding.js'

/** By how much the clocks of two machines, or two readings of one, may differ. */
const TOLERANCE_SECONDS = 60

export function adviseOnBroadcast(
  { channel, expiration, sendBy, priority }: BroadcastFacts,
  nowSeconds: number,
  findings: Findings,
): void {
  const warn = (where: string, problem: string): void => findings.warn(where, problem, PAGES.broadcast)
  if (expiration !== undefined && channel !== undefined) {
    if (expiration === 0 && channel.storagePolicy === 'latest')
      warn(
        'expiration',
        '0 is not stored: a device that is offline never gets it, although the channel stores the latest',
      )
    if (expiration > 0 && channel.storagePolicy === undefined)
      warn(
        'expiration',
        "is refused (BadExpirationDate) where the channel's storagePolicy is 'none'; give the channel with it",
      )
  }
  if (expiration !== undefined && expiration > nowSeconds + STORAGE_SECONDS + TOLERANCE_SECONDS)
    warn('expiration', `${isoDate(expiration)} is far off: Apple keeps a broadcast for eight hours at most`)
  if (sendBy !== undefined && sendBy <= nowSeconds)
    findings.error(
      sendBy === expiration ? 'expiration' : 'sendBy',
      `${isoDate(sendBy)} has passed: nothing is sent`,
      PAGES.broadcast,
    )
  else if (expiration !== undefined && expiration > 0 && expiration <= nowSeconds)
    warn('expiration', `${isoDate(expiration)} has passed: Apple stores nothing of it`)
  if (priority === 1) warn('priority', '1 never wakes a device: a Live Activity is updated with 10 or 5')
}

function isoDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
