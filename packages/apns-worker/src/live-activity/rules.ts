/**
 * What a Live Activity push needs. A device drops one that lacks it without a word, so it is not sent at all.
 *
 * Source: Apple, "Starting and updating Live Activities with ActivityKit push notifications".
 */
import { LATEST_UNIX_SECONDS } from '../payload/unix-time.js'
import {
  checkText,
  checkTexts,
  isDictionary,
  kindOf,
  type ReportFault,
  wrongOne,
} from '../payload/value-checks.js'
import type { LiveActivityEvent } from './payload.js'

type ApsOfUnknown = Readonly<Record<string, unknown>>

export function checkLiveActivity(aps: ApsOfUnknown, report: ReportFault): void {
  const { event } = aps
  if (isMissing(event)) report('aps.event', 'is missing; a Live Activity push says start, update or end')
  else if (!isLiveActivityEvent(event))
    report('aps.event', `is ${wrongOne(event)}; it is start, update or end`)
  if (isMissing(aps['timestamp'])) report('aps.timestamp', 'is missing; say when this was the truth')
  for (const key of ['timestamp', 'stale-date', 'dismissal-date'] as const)
    checkTime(aps[key], `aps.${key}`, report)
  checkText(aps['attributes-type'], 'aps.attributes-type', report)
  checkText(aps['input-push-channel'], 'aps.input-push-channel', report)
  checkObject(aps, 'content-state', event === 'start' || event === 'update', report)
  checkObject(aps, 'attributes', event === 'start', report)
  checkLiveAlert(aps, report)
  if (event === 'start' && isMissing(aps['attributes-type']))
    report('aps.attributes-type', "is missing; give the name of the app's ActivityAttributes type")
}

export function isLiveActivityEvent(event: unknown): event is LiveActivityEvent {
  return event === 'start' || event === 'update' || event === 'end'
}

function checkLiveAlert({ alert, event }: ApsOfUnknown, report: ReportFault): void {
  if (typeof alert === 'string')
    report('aps.alert', 'is a string; that of a Live Activity is an object: { title, body, sound }')
  else if (event === 'start' && isMissing(alert))
    report('aps.alert', 'is missing; an activity that alerts nobody does not start')
  else if (isDictionary(alert)) checkText(alert['sound'], 'aps.alert.sound', report)
}

function checkObject(aps: ApsOfUnknown, key: string, isRequired: boolean, report: ReportFault): void {
  const value = aps[key]
  if (isMissing(value)) {
    if (isRequired) report(`aps.${key}`, `is missing; an ${String(aps['event'])} event needs it`)
  } else if (!isDictionary(value)) {
    report(`aps.${key}`, `${kindOf(value)} is not an object`)
  }
}

/** Unix seconds, or nothing; a Date of the caller's has become its number by then. */
function checkTime(seconds: unknown, path: string, report: ReportFault): void {
  if (isMissing(seconds)) return
  if (typeof seconds !== 'number') report(path, `${kindOf(seconds)} is neither a Date nor Unix seconds`)
  else if (seconds < 0) report(path, `${seconds} is before 1970`)
  else if (seconds > LATEST_UNIX_SECONDS)
    report(path, `${seconds} is after the year 2106; it is in seconds, not milliseconds`)
}

/** Whether a text of a Live Activity's alert is a key into the app's localisations; its members are checked then. */
export function isAppText(value: unknown, path: string, report: ReportFault): boolean {
  if (!isDictionary(value)) return false
  if (isMissing(value['loc-key'])) report(`${path}.loc-key`, 'is missing')
  checkText(value['loc-key'], `${path}.loc-key`, report)
  checkTexts(value['loc-args'], `${path}.loc-args`, report)
  return true
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null
}
