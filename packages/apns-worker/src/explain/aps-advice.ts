/** What may surprise about the payload: keys that nobody reads, and values that do nothing. */
import { isDictionary } from '../payload/value-checks.js'
import type { PushType } from '../push-type.js'
import { alertKeysOf, apsKeysOf, readersOf, similarAlertKey, similarKey } from './apple-keys.js'
import { apsOf, type Facts, has } from './facts.js'
import { type Findings, PAGES } from './finding.js'

type Dictionary = Readonly<Record<string, unknown>>

export function adviseOnPayload(facts: Facts, findings: Findings): void {
  const aps = apsOf(facts)
  adviseOnMisplacedKeys(facts.payload, aps, findings)
  if (aps === undefined) {
    adviseOnMissingAps(facts, findings)
    return
  }
  if (facts.pushType === 'mdm' || facts.pushType === 'fileprovider') {
    findings.warn('payload.aps', `is not read with push type ${facts.pushType}`, PAGES.request)
    return
  }
  adviseOnPurpose(aps, facts.pushType, findings)
  adviseOnKeys(aps, facts.pushType, findings)
  adviseOnValues(aps, facts.pushType, findings)
  if (isDictionary(aps['alert'])) adviseOnAlert(aps['alert'], facts, findings)
}

/** Apple's keys that senders leave beside `aps`; others, such as `category`, are as likely the app's own. */
const OFTEN_MISPLACED = ['alert', 'badge', 'sound', 'content-available', 'mutable-content', 'content-state']

function adviseOnMisplacedKeys(payload: Dictionary, aps: Dictionary | undefined, findings: Findings): void {
  for (const key of OFTEN_MISPLACED) {
    if (key in payload && !(key in (aps ?? {})))
      findings.warn(
        `payload.${key}`,
        `is the app’s own there; Apple reads it as payload.aps.${key}`,
        PAGES.payload,
      )
  }
}

function adviseOnMissingAps({ pushType, payload }: Facts, findings: Findings): void {
  if (pushType === 'fileprovider') {
    if (!has(payload, 'container-identifier'))
      findings.warn(
        'payload.container-identifier',
        'is missing; it says which container has changed',
        PAGES.request,
      )
  } else if (pushType === 'alert' || pushType === 'background') {
    findings.error(
      'payload.aps',
      `is missing; a push of type ${pushType} without it does nothing`,
      PAGES.payload,
    )
  } else if (pushType === 'widgets' || pushType === 'controls') {
    findings.error('payload.aps', 'is missing; it is { "content-changed": true }', pageOf(pushType))
  }
}

function adviseOnKeys(aps: Dictionary, pushType: PushType, findings: Findings): void {
  const read = apsKeysOf(pushType)
  for (const key of Object.keys(aps)) {
    if (read.has(key) || findings.isAbout(`payload.aps.${key}`)) continue
    const readers = readersOf(key)
    const meant = similarKey(key)
    const hint = meant === undefined ? '; what is the app’s own belongs beside aps' : `; ${meant} was meant?`
    findings.warn(
      `payload.aps.${key}`,
      readers.length === 0
        ? `is no key of Apple’s, and ignored${hint}`
        : `is not read with push type ${pushType}, but with ${readers.join(' and ')}`,
      PAGES.payload,
    )
  }
}

const FLAGS = ['content-available', 'mutable-content', 'input-push-token'] as const

function adviseOnValues(aps: Dictionary, pushType: PushType, findings: Findings): void {
  for (const key of FLAGS)
    if (has(aps, key) && aps[key] !== 1 && aps[key] !== 0)
      findings.warn(
        `payload.aps.${key}`,
        `is ${JSON.stringify(aps[key])}; Apple’s flag is the number 1`,
        PAGES.payload,
      )
  const { badge, sound } = aps
  if (typeof badge === 'boolean' || (typeof badge === 'number' && !(Number.isInteger(badge) && badge >= 0)))
    findings.warn(
      'payload.aps.badge',
      `is ${badge}; it is a whole number, and 0 takes the badge away`,
      PAGES.payload,
    )
  const score = aps['relevance-score']
  if (pushType !== 'liveactivity' && typeof score === 'number' && (score < 0 || score > 1))
    findings.warn('payload.aps.relevance-score', `is ${score}; it is from 0 to 1`, PAGES.payload)
  if (aps['interruption-level'] === 'critical')
    findings.warn('payload.aps.interruption-level', NEEDS_ENTITLEMENT, PAGES.payload)
  if (isDictionary(sound)) adviseOnCriticalSound(sound, findings)
}

const NEEDS_ENTITLEMENT = 'needs Apple’s entitlement for critical alerts, which the app has to apply for'

function adviseOnCriticalSound({ critical, name, volume }: Dictionary, findings: Findings): void {
  if (critical === 1) findings.warn('payload.aps.sound.critical', NEEDS_ENTITLEMENT, PAGES.payload)
  else
    findings.warn(
      'payload.aps.sound.critical',
      'is not 1; a sound that is not critical is a string',
      PAGES.payload,
    )
  if (name === undefined || name === null)
    findings.warn('payload.aps.sound.name', 'is missing; "default" is the system’s own', PAGES.payload)
  if (typeof volume === 'number' && (volume < 0 || volume > 1))
    findings.warn('payload.aps.sound.volume', `is ${volume}; it is from 0 to 1`, PAGES.payload)
}

const VISIBLE = ['alert', 'badge', 'sound'] as const

/** Whether it does what its push type is for. */
function adviseOnPurpose(aps: Dictionary, pushType: PushType, findings: Findings): void {
  const visible = VISIBLE.filter((key) => has(aps, key))
  if (pushType === 'alert') {
    if ('content-changed' in aps)
      findings.error(
        'pushType',
        'is alert, so far; name widgets or controls to reload one of these',
        PAGES.widgets,
      )
    else if (visible.length === 0 && !has(aps, 'content-available'))
      findings.warn('payload.aps', 'has nothing to show, to play, or to do', PAGES.payload)
  } else if (pushType === 'background') {
    for (const key of visible)
      findings.error(
        `payload.aps.${key}`,
        'does not go with a background push, which shows nothing',
        PAGES.background,
      )
    if (aps['content-available'] !== 1)
      findings.error('payload.aps.content-available', 'is not 1, so the app is not woken', PAGES.background)
  } else if ((pushType === 'widgets' || pushType === 'controls') && aps['content-changed'] !== true) {
    findings.error('payload.aps.content-changed', 'is not true, so nothing is reloaded', pageOf(pushType))
  }
  if (has(aps, 'mutable-content') && aps['mutable-content'] !== 0 && !hasText(aps['alert']))
    findings.warn(
      'payload.aps.mutable-content',
      'does nothing without an alert that is an object with text',
      PAGES.payload,
    )
}

function pageOf(pushType: 'widgets' | 'controls'): string {
  return PAGES[pushType]
}

const TEXTS = ['title', 'subtitle', 'body', 'title-loc-key', 'subtitle-loc-key', 'loc-key'] as const

function hasText(alert: unknown): boolean {
  return isDictionary(alert) && TEXTS.some((key) => has(alert, key) && alert[key] !== '')
}

/** Read until iOS 15, and by older systems still. */
const OLD_ALERT_KEYS: ReadonlySet<string> = new Set(['action-loc-key', 'summary-arg', 'summary-arg-count'])

function adviseOnAlert(alert: Dictionary, { pushType, topic }: Facts, findings: Findings): void {
  const page = pushType === 'liveactivity' ? PAGES.liveActivity : PAGES.payload
  const read = alertKeysOf(pushType)
  for (const key of Object.keys(alert)) {
    if (read.has(key)) continue
    const meant = similarAlertKey(key)
    const problem = OLD_ALERT_KEYS.has(key)
      ? 'is ignored by today’s systems'
      : 'is no key of Apple’s, and ignored'
    findings.warn(
      `payload.aps.alert.${key}`,
      meant === undefined ? problem : `${problem}; ${meant} was meant?`,
      page,
    )
  }
  if (!hasText(alert)) findings.warn('payload.aps.alert', 'has no text: nothing is shown', page)
  if (pushType === 'liveactivity') return
  for (const prefix of ['title-', 'subtitle-', ''] as const)
    if (has(alert, `${prefix}loc-args`) && !has(alert, `${prefix}loc-key`))
      findings.warn(`payload.aps.alert.${prefix}loc-args`, `do nothing without ${prefix}loc-key`, page)
  if (has(alert, 'action') && topic?.startsWith('web.') === false)
    findings.warn('payload.aps.alert.action', 'is for notifications of websites (Safari)', page)
}
