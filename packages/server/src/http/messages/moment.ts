import { ApiProblem } from '../problem/api-problem.js'

/**
 * Unix time in milliseconds, of Unix seconds or an ISO date.
 *
 * @param pointer where it was
 * @throws {ApiProblem} for a date that no calendar has
 */
export function momentMs(moment: number | string, pointer: string): number {
  const milliseconds = typeof moment === 'number' ? moment * 1000 : Date.parse(moment)
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds
  const detail = 'is no point in time after 1970'
  throw new ApiProblem('INVALID_REQUEST', `${pointer} ${detail}`, { errors: [{ pointer, detail }] })
}

export function optionalMs(moment: number | string | undefined, pointer: string): number | undefined {
  return moment === undefined ? undefined : momentMs(moment, pointer)
}

export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
