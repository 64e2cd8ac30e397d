/** What kind of value a key has: the checks that the rules of payloads are made of. */
import { describeValue } from '../describe-value.js'

/** Told of each fault: where it is, as in `aps.alert.loc-args[1]`, and what is wrong. It may throw to end the search. */
export type ReportFault = (path: string, problem: string) => void

/** A string, or nothing. */
export function checkText(value: unknown, path: string, report: ReportFault): void {
  if (value !== undefined && value !== null && typeof value !== 'string')
    report(path, `${kindOf(value)} is not a string`)
}

/** A list of strings, or nothing. */
export function checkTexts(list: unknown, path: string, report: ReportFault): void {
  if (list === undefined || list === null) return
  if (!Array.isArray(list)) {
    report(path, `${kindOf(list)} is not a list of strings`)
    return
  }
  for (let index = 0; index < list.length; index++) {
    const text: unknown = list[index]
    if (typeof text !== 'string') report(`${path}[${index}]`, `${kindOf(text)} is not a string`)
  }
}

export function isDictionary(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** What a wrong value is, in words. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** A wrong one of several strings, in words. */
export function wrongOne(value: unknown): string {
  return typeof value === 'string' ? describeValue(value) : kindOf(value)
}
