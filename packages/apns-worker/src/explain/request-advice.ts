/** What may surprise about the request: topic, push type, priority, expiration, and who sends it. */
import { checkGuess } from '../message-checks.js'
import { PUSH_TYPES, type PushType, pushTypeOfTopic } from '../push-type.js'
import { apsOf, type Facts, has } from './facts.js'
import { type Findings, PAGES } from './finding.js'

const SECONDS_IN_30_DAYS = 30 * 24 * 3600

export function adviseOnTopic(
  facts: Facts,
  topic: string | undefined,
  managerTopic: string | undefined,
  credentials: string,
  findings: Findings,
): void {
  const { pushType } = facts
  if (topic === undefined) {
    if (credentials === 'token' && !findings.isAbout('topic'))
      findings.error(
        'topic',
        'is missing; give one to the message, or to the manager for all of them',
        PAGES.request,
      )
    return
  }
  if (facts.topic === undefined && managerTopic !== undefined) adviseOnSuffix(facts, managerTopic, findings)
  if (pushType === 'mdm' && !topic.startsWith('com.apple.mgmt.'))
    findings.warn(
      'topic',
      'is not the UID of an MDM push certificate, which begins with com.apple.mgmt',
      PAGES.request,
    )
  if (topic.startsWith('web.') && pushType === 'alert' && !has(apsOf(facts) ?? {}, 'url-args'))
    findings.warn(
      'payload.aps.url-args',
      'is missing; a website’s notification needs it, even if it is empty',
      PAGES.payload,
    )
}

/** What is not named is refused by the manager; what is named goes to a topic that is odd. */
function adviseOnSuffix(facts: Facts, managerTopic: string, findings: Findings): void {
  const other = pushTypeOfTopic(managerTopic)
  if (other === undefined || other === facts.pushType) return
  findings.attempt('topic', PAGES.request, () => checkGuess(facts, managerTopic, other))
  if (facts.typeIsNamed)
    findings.warn(
      'topic',
      `${managerTopic} goes with push type ${other}, by its suffix; unless the bundle id itself ends so, give the manager the bundle id alone`,
      PAGES.request,
    )
}

export function adviseOnCredentials(pushType: PushType, credentials: string, findings: Findings): void {
  if (credentials !== 'certificate') return
  const { clientCertificate } = PUSH_TYPES[pushType]
  if (clientCertificate === false)
    findings.error(
      'pushType',
      `${pushType} can not be sent with a client certificate; use a provider token`,
      PAGES.request,
    )
  if (clientCertificate === undefined)
    findings.warn(
      'pushType',
      `Apple does not say clearly whether a client certificate may send ${pushType}; a provider token may`,
      PAGES.request,
    )
}

export function adviseOnPriority(facts: Facts, findings: Findings): void {
  const { pushType, pushTypeFrom, priority } = facts
  const { priorities } = PUSH_TYPES[pushType]
  // For a push type that was named, it was checked already.
  if (
    priority !== undefined &&
    pushTypeFrom !== 'option' &&
    !priorities.some((allowed) => allowed === priority)
  )
    findings.error(
      'priority',
      `${priority} does not fit push type ${pushType}; it takes ${priorities.join(', ')}`,
      PAGES.request,
    )
  if (pushType === 'pushtotalk' && (priority ?? 10) !== 10)
    findings.warn(
      'priority',
      `${priority} may come too late to be heard; Push to Talk is sent with 10`,
      PAGES.request,
    )
  adviseOnBudget(facts, findings)
}

export function adviseOnBudget(facts: Facts, findings: Findings): void {
  if (facts.pushType === 'liveactivity' && (facts.priority ?? 10) === 10 && isQuietUpdate(facts))
    findings.warn(
      'priority',
      'an update of priority 10 counts against the hourly budget; 5 does not, and serves where nobody is alerted',
      PAGES.liveActivity,
    )
}

function isQuietUpdate(facts: Facts): boolean {
  const aps = apsOf(facts) ?? {}
  return aps['event'] === 'update' && !has(aps, 'alert')
}

/** The push types for which a device that is offline right now should still get it. */
const KEPT: ReadonlySet<PushType> = new Set(['alert', 'background', 'fileprovider', 'mdm', 'widgets'])
/** Those that are of no use a day later, although Apple would keep them. */
const SHORT_LIVED: ReadonlySet<PushType> = new Set(['controls', 'location', 'pushtotalk', 'voip'])

export function adviseOnExpiration(
  { expiration, pushType }: Facts,
  nowSeconds: number,
  findings: Findings,
): void {
  const { advisedExpiration, expirationAdvice } = PUSH_TYPES[pushType]
  const advice = `Advice for ${pushType}: ${expirationAdvice}`
  if (expiration === undefined) {
    if (SHORT_LIVED.has(pushType))
      findings.warn(
        'expiration',
        `there is none: Apple may deliver it as late as in 30 days. ${advice}`,
        PAGES.delivery,
      )
  } else if (expiration === 0) {
    if (KEPT.has(pushType))
      findings.warn(
        'expiration',
        `0 is one attempt: a device that is offline never gets it. ${advice}`,
        PAGES.request,
      )
  } else if (expiration <= nowSeconds) {
    findings.error('expiration', `${isoDate(expiration)} has passed: nothing is sent`, PAGES.request)
  } else if (expiration > nowSeconds + SECONDS_IN_30_DAYS) {
    findings.warn(
      'expiration',
      `${isoDate(expiration)} is far off: Apple keeps a notification for 30 days at most`,
      PAGES.delivery,
    )
  } else if (advisedExpiration === 0) {
    findings.warn('expiration', `${isoDate(expiration)} is late. ${advice}`, PAGES.request)
  }
}

function isoDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
