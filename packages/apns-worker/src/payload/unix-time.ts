/** A point in time: a Date, or Unix **seconds**, as Apple counts them. */
export type UnixTime = Date | number

/** The largest time that Apple's protocols were made for, in Unix seconds: in 2106. Beyond it are milliseconds by mistake. */
export const LATEST_UNIX_SECONDS = 0xffff_ffff

/** Whole Unix seconds; NaN for a Date that is none. */
export function unixSecondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1000)
}
