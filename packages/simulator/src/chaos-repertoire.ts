/**
 * What random chaos chooses from. Everything here is something that a client can get over: nothing refuses a
 * notification for good, and nothing tells a client that its configuration is wrong.
 */
import type { ConnectionAction } from './connection-rule.js'
import type { Random } from './random.js'
import type { Cut, GoAwayOptions, RuleAction } from './rule.js'

/** Something that can go wrong, how often in proportion to the others, and how. */
export interface Mischief<Action> {
  readonly name: string
  readonly weight: number
  readonly draw: (random: Random) => Action
}

/** The longest that something lasts, in seconds: long for a machine, short for a test. */
const LONGEST_SECONDS = 0.2
const MAX_STREAM_ID = 2 ** 31 - 1
/** How long a black hole lasts, in seconds, before TCP RST ends it: longer than clients in tests are patient. */
const BLACK_HOLE_SECONDS = 10
const HTML = '<html><body><h1>502 Bad Gateway</h1></body></html>'

function oneOf<Choice>(random: Random, choices: readonly Choice[]): Choice {
  return random.pick(choices.map((choice) => ({ choice, weight: 1 }))).choice
}

function cut(random: Random): Cut {
  return oneOf(random, ['close', 'reset', 'halfClose'])
}

/** From `least` to `most`, small ones as often as large ones. */
function magnitude(random: Random, least: number, most: number): number {
  return Math.round(least * (most / least) ** random.next())
}

/** One GOAWAY or two, at any stream, for a reason in JSON, in something else or for none. */
function goAways(random: Random): readonly GoAwayOptions[] {
  const last = random.pick<{ weight: number; id: NonNullable<GoAwayOptions['lastStreamId']> }>([
    { weight: 4, id: 'received' },
    { weight: 4, id: 'answered' },
    { weight: 1, id: 0 },
    { weight: 2, id: random.integer(1, 2000) * 2 - 1 },
  ]).id
  const why = oneOf<GoAwayOptions>(random, [
    {},
    { reason: 'Shutdown' },
    { reason: 'InternalServerError', code: 'INTERNAL_ERROR' },
    { debugData: '{"reason":', code: 'ENHANCE_YOUR_CALM' },
  ])
  const final = { ...why, lastStreamId: last }
  if (random.chance(0.7)) return [final]
  return [
    { lastStreamId: MAX_STREAM_ID },
    { ...final, after: random.chance(0.5) ? 0 : random.between(0, 0.05) },
  ]
}

/** What a storm brings: the same answer again and again. */
export const STORMS: readonly Mischief<RuleAction>[] = [
  { name: '429 storm', weight: 2, draw: () => ({ status: 429, reason: 'TooManyRequests', retryAfter: 1 }) },
  { name: '503 storm', weight: 1, draw: () => ({ status: 503, reason: 'ServiceUnavailable' }) },
]

/** For single notifications. */
export const NOTIFICATION_MISCHIEF: readonly Mischief<RuleAction | 'storm'>[] = [
  { name: 'late', weight: 30, draw: () => ({ delay: { uniform: [0, LONGEST_SECONDS] } }) },
  { name: 'refused stream', weight: 12, draw: () => ({ reset: 'REFUSED_STREAM' }) },
  {
    name: 'reset',
    weight: 8,
    draw: (random) => ({
      reset: oneOf(random, ['INTERNAL_ERROR', 'CANCEL', 'NO_ERROR', 'ENHANCE_YOUR_CALM', 0xdead_beef]),
    }),
  },
  {
    name: '429',
    weight: 10,
    draw: (random) => ({
      status: 429,
      reason: 'TooManyRequests',
      ...(random.chance(0.5) ? {} : { retryAfter: random.integer(0, 1) }),
    }),
  },
  { name: '503', weight: 8, draw: () => ({ status: 503, reason: 'ServiceUnavailable' }) },
  { name: '503 Shutdown', weight: 1, draw: () => ({ status: 503, reason: 'Shutdown' }) },
  { name: '500 without a body', weight: 5, draw: () => ({ status: 500, body: '' }) },
  {
    name: '502 in HTML',
    weight: 5,
    draw: (random) => ({
      status: 502,
      body: HTML,
      headers: { 'content-type': 'text/html' },
      split: random.integer(1, HTML.length),
    }),
  },
  { name: 'no answer', weight: 2, draw: () => ({ silent: true }) },
  { name: 'storm', weight: 1.5, draw: () => 'storm' },
  {
    name: 'stream limit',
    weight: 4,
    draw: (random) => ({
      streamLimit: oneOf(random, [0, 1, 2, 10, 100, 1500]),
      for: random.between(0, LONGEST_SECONDS),
    }),
  },
  { name: 'GOAWAY', weight: 2, draw: (random) => ({ goAway: goAways(random) }) },
  { name: 'cut', weight: 2, draw: (random) => ({ disconnect: cut(random) }) },
  { name: 'black hole', weight: 0.5, draw: () => ({ blackHole: true, for: BLACK_HOLE_SECONDS }) },
  { name: 'wedge', weight: 0.25, draw: () => ({ wedge: true }) },
]

/** For connections from which nothing good comes. */
export const DEAD_END_MISCHIEF: readonly Mischief<ConnectionAction>[] = [
  {
    name: 'black hole',
    weight: 2,
    draw: (random) => ({ blackHole: oneOf(random, ['tcp', 'tls', 'settings']), for: BLACK_HOLE_SECONDS }),
  },
  { name: 'refused', weight: 2, draw: (random) => ({ disconnect: cut(random) }) },
  {
    name: 'early GOAWAY',
    weight: 2,
    draw: (random) =>
      random.chance(0.5) ? { goAway: goAways(random), beforeSettings: true } : { goAway: goAways(random) },
  },
  {
    name: 'early cut',
    weight: 1,
    draw: (random) => ({ disconnect: cut(random), atSentByte: random.integer(0, 48) }),
  },
]

/** For connections which serve, after a fashion. */
export const CONNECTION_MISCHIEF: readonly Mischief<ConnectionAction>[] = [
  {
    name: 'cut at a byte',
    weight: 4,
    draw: (random) => {
      const position = magnitude(random, 1000, 200_000)
      return random.chance(0.5)
        ? { disconnect: cut(random), atByte: position }
        : { disconnect: cut(random), atSentByte: position }
    },
  },
  {
    name: 'black hole at a byte',
    weight: 1,
    draw: (random) => ({
      blackHole: true,
      atByte: magnitude(random, 1000, 200_000),
      for: BLACK_HOLE_SECONDS,
    }),
  },
  { name: 'small windows', weight: 2, draw: (random) => ({ initialWindow: magnitude(random, 8, 1000) }) },
  {
    name: 'stalled windows',
    weight: 2,
    draw: (random) => ({ stallWindow: true, for: random.between(0, LONGEST_SECONDS) }),
  },
  {
    name: 'stream limit',
    weight: 2,
    draw: (random) => ({ streamLimit: oneOf(random, [0, 1, 7]), for: random.between(0, LONGEST_SECONDS) }),
  },
]
