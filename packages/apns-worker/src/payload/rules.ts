/**
 * What a payload has to be: that each of Apple's keys has a value of Apple's type. A device ignores one that has not, or
 * the whole push, and nobody is told. Keys that Apple does not know are the sender's own; a null is as good as nothing.
 *
 * Whether a value is wise is not asked here, but by `explain`.
 *
 * Source: Apple, "Generating a remote notification".
 */
import { checkLiveActivity, isAppText } from '../live-activity/rules.js'
import type { PushType } from '../push-type.js'
import { checkText, checkTexts, isDictionary, kindOf, type ReportFault, wrongOne } from './value-checks.js'

/**
 * Runs once for each message, so it makes nothing unless there is a fault.
 *
 * @param payload as the receiver sees it: nothing in it has a JSON of its own
 */
export function checkPayload(payload: object, pushType: PushType, report: ReportFault): void {
  const aps = 'aps' in payload ? payload.aps : undefined
  if (aps === undefined || aps === null) {
    if (pushType === 'liveactivity') report('aps', 'is missing; a Live Activity is told all in it')
    else if (pushType === 'mdm') checkPushMagic(payload, report)
    return
  }
  if (!isDictionary(aps)) {
    report('aps', `${kindOf(aps)} is not an object`)
    return
  }
  const isLiveActivity = pushType === 'liveactivity'
  for (const key in aps) checkApsKey(key, aps[key], isLiveActivity, report)
  if (isLiveActivity) checkLiveActivity(aps, report)
  else if (pushType === 'mdm') checkPushMagic(payload, report)
}

function checkPushMagic({ mdm }: { readonly mdm?: unknown }, report: ReportFault): void {
  if (mdm === undefined || mdm === null) report('mdm', "is missing; give the device's PushMagic")
  else checkText(mdm, 'mdm', report)
}

const INTERRUPTION_LEVELS: readonly unknown[] = ['passive', 'active', 'time-sensitive', 'critical']

function checkApsKey(key: string, value: unknown, isLiveActivity: boolean, report: ReportFault): void {
  if (value === undefined || value === null) return
  switch (key) {
    case 'alert':
      if (typeof value !== 'string') checkAlert(value, isLiveActivity, report)
      break
    case 'badge':
      if (typeof value !== 'number' && typeof value !== 'boolean')
        report('aps.badge', `${kindOf(value)} is not a number`)
      break
    case 'sound':
      if (typeof value !== 'string') checkSound(value, report)
      break
    case 'relevance-score':
      if (typeof value !== 'number') report('aps.relevance-score', `${kindOf(value)} is not a number`)
      break
    case 'interruption-level':
      if (!INTERRUPTION_LEVELS.includes(value))
        report(
          'aps.interruption-level',
          `is ${wrongOne(value)}; it is one of ${INTERRUPTION_LEVELS.join(', ')}`,
        )
      break
    case 'url-args':
      checkTexts(value, 'aps.url-args', report)
      break
    case 'thread-id':
    case 'category':
    case 'target-content-id':
    case 'filter-criteria':
      if (typeof value !== 'string') checkText(value, `aps.${key}`, report)
      break
  }
}

function checkAlert(alert: unknown, isLiveActivity: boolean, report: ReportFault): void {
  if (!isDictionary(alert)) {
    report('aps.alert', `${kindOf(alert)} is neither a string nor an object`)
    return
  }
  for (const key in alert) {
    const value = alert[key]
    switch (key) {
      case 'title':
      case 'body':
        if (typeof value === 'string' || (isLiveActivity && isAppText(value, `aps.alert.${key}`, report)))
          break
        checkText(value, `aps.alert.${key}`, report)
        break
      case 'subtitle':
      case 'launch-image':
      case 'title-loc-key':
      case 'subtitle-loc-key':
      case 'loc-key':
      case 'action':
        if (typeof value !== 'string') checkText(value, `aps.alert.${key}`, report)
        break
      case 'title-loc-args':
      case 'subtitle-loc-args':
      case 'loc-args':
        checkTexts(value, `aps.alert.${key}`, report)
        break
    }
  }
}

function checkSound(sound: unknown, report: ReportFault): void {
  if (!isDictionary(sound)) {
    report('aps.sound', `${kindOf(sound)} is neither a string nor an object`)
    return
  }
  const { name, volume } = sound
  checkText(name, 'aps.sound.name', report)
  if (volume !== undefined && volume !== null && typeof volume !== 'number')
    report('aps.sound.volume', `${kindOf(volume)} is not a number`)
}
