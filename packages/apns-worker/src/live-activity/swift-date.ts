/** 2001-01-01T00:00:00Z, where Swift begins to count. */
const REFERENCE_DATE_MS = Date.UTC(2001, 0, 1)

/**
 * A point in time for a `Date` in the app's content state or attributes: seconds since 2001, which is what the decoder of
 * Live Activities, Swift's default one, reads. A Date that JSON has made a string is not read, and the push is lost.
 * (`timestamp`, `stale-date` and `dismissal-date` are Apple's own, in Unix seconds; they take a `Date` as it is.)
 */
export function swiftDate(date: Date): number {
  return (date.getTime() - REFERENCE_DATE_MS) / 1000
}
