import type { ConnectionAction, ConnectionMatch, ConnectionRule, Effect } from '../connection-rule.js'
import { cut, duration, goAway, ordinals, position, ruleTimes, share, streamLimit } from './common-shapes.js'
import {
  either,
  type Fields,
  integer,
  keysOf,
  OptionError,
  object,
  type Shape,
  text,
  word,
  yes,
} from './shape.js'

/** Largest flow-control window (RFC 9113 section 6.9.1). */
const MAX_WINDOW = 2 ** 31 - 1

const EFFECTS: Fields<Pick<ConnectionAction, Effect>> = {
  blackHole: either(yes(), word('tcp', 'tls', 'settings')),
  disconnect: cut,
  goAway,
  certificate: word('expired', 'notYetValid', 'otherHost', 'untrusted'),
  clientCertificate: word('expired', 'revoked'),
  initialWindow: integer(0, MAX_WINDOW),
  stallWindow: yes(),
  streamLimit,
}
/** What the other keys belong to. */
const COMPANIONS: Readonly<Record<string, readonly Effect[]>> = {
  atByte: ['disconnect', 'blackHole'],
  atSentByte: ['disconnect', 'blackHole'],
  beforeSettings: ['goAway'],
  for: ['blackHole', 'stallWindow', 'streamLimit'],
}

/** A rule for connections, of a script or of code. */
export const CONNECTION_RULE: Shape<ConnectionRule> = object<ConnectionMatch & ConnectionAction>(
  {
    name: text(),
    connection: ordinals,
    after: position,
    chance: share,
    times: position,
    ...ruleTimes,
    ...EFFECTS,
    atByte: position,
    atSentByte: position,
    beforeSettings: yes(),
    for: duration,
  },
  checkRule,
)

/** What a connection rule does. */
export function effectOf(rule: ConnectionRule): Effect | undefined {
  return keysOf(rule).find((key): key is Effect => key in EFFECTS)
}

function checkRule(rule: ConnectionRule, path: string): void {
  const given = keysOf(rule)
  const effects = Object.keys(EFFECTS).filter((key) => given.includes(key))
  if (effects.length > 1) throw new OptionError(path, `${effects.join(' and ')} exclude each other`)
  if (effects.length === 0) {
    const allowed = Object.keys(EFFECTS).join(', ')
    throw new OptionError(path, `says nothing that should happen; allowed: one of ${allowed}`)
  }
  for (const [key, owners] of Object.entries(COMPANIONS)) {
    if (!given.includes(key) || owners.some((owner) => given.includes(owner))) continue
    throw new OptionError(
      `${path}.${key}`,
      `"${key}" needs ${owners.map((owner) => `"${owner}"`).join(' or ')}`,
    )
  }
  if (rule.atByte !== undefined && rule.atSentByte !== undefined) {
    throw new OptionError(path, 'atByte and atSentByte exclude each other')
  }
  if (typeof rule.blackHole === 'string' && (rule.atByte ?? rule.atSentByte) !== undefined) {
    throw new OptionError(`${path}.blackHole`, `"${rule.blackHole}" is a position already; allowed: true`)
  }
  if (rule.every !== undefined && rule.until === undefined) {
    throw new OptionError(`${path}.every`, '"every" needs "until"')
  }
}
