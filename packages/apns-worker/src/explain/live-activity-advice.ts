/** What may surprise about a Live Activity push; what it surely needs is checked when the message is made. */
import { isDictionary } from '../payload/value-checks.js'
import { apsOf, type Facts, has } from './facts.js'
import { type Findings, PAGES } from './finding.js'

/** How much later than now a timestamp may be before it is no matter of clocks any more, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 60
const LONGEST_DISMISSAL_SECONDS = 4 * 3600
/** As JSON writes a Date. */
const JSON_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const ONLY_AT_START = ['attributes-type', 'attributes', 'input-push-channel', 'input-push-token'] as const

export function adviseOnLiveActivity(facts: Facts, nowSeconds: number, findings: Findings): void {
  if (facts.pushType !== 'liveactivity') return
  const aps = apsOf(facts) ?? {}
  const warn = (key: string, problem: string): void =>
    findings.warn(`payload.aps.${key}`, problem, PAGES.liveActivity)
  adviseOnTimes(aps, nowSeconds, warn)
  if (aps['event'] === 'start') adviseOnStart(aps, warn)
  else for (const key of ONLY_AT_START) if (has(aps, key)) warn(key, 'is read at the start only')
  if (aps['event'] === 'end' && !has(aps, 'content-state'))
    warn('content-state', 'is missing; Apple advises to say what an ended activity shows')
  for (const key of ['content-state', 'attributes'] as const)
    for (const path of jsonDatesIn(aps[key], key))
      warn(
        path,
        'is no Date to Swift’s decoder, which reads seconds since 2001 (see swiftDate), should the app read it as one',
      )
}

type Aps = Readonly<Record<string, unknown>>
type Warn = (key: string, problem: string) => void

function adviseOnTimes(aps: Aps, nowSeconds: number, warn: Warn): void {
  const { timestamp, event, 'stale-date': staleDate, 'dismissal-date': dismissalDate } = aps
  if (typeof timestamp === 'number' && timestamp > nowSeconds + CLOCK_TOLERANCE_SECONDS)
    warn(
      'timestamp',
      `is ${Math.round(timestamp - nowSeconds)} s from now; until then, what is newer looks older, and is ignored`,
    )
  if (typeof staleDate === 'number' && staleDate <= nowSeconds)
    warn('stale-date', 'has passed: the content is out of date at once')
  if (typeof dismissalDate !== 'number') return
  if (event !== 'end') warn('dismissal-date', 'is read at the end only')
  else if (dismissalDate > nowSeconds + LONGEST_DISMISSAL_SECONDS)
    warn('dismissal-date', 'is more than four hours from now; the activity goes after four at the latest')
}

function adviseOnStart(aps: Aps, warn: Warn): void {
  if (has(aps, 'input-push-channel'))
    warn('input-push-channel', 'needs iOS 18; on an older system the activity does not start')
  if (has(aps, 'input-push-channel') && has(aps, 'input-push-token'))
    warn('input-push-token', 'and input-push-channel exclude one another')
}

/** The paths to strings that look like what JSON makes of a Date. */
function* jsonDatesIn(value: unknown, path: string): Generator<string> {
  if (typeof value === 'string') {
    if (JSON_DATE.test(value)) yield path
  } else if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) yield* jsonDatesIn(element, `${path}[${index}]`)
  } else if (isDictionary(value)) {
    for (const [key, member] of Object.entries(value)) yield* jsonDatesIn(member, `${path}.${key}`)
  }
}
