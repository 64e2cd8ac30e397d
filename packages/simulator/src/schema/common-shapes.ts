/** Shapes of what rules, options and scripts have in common. */
import { ERROR_CODES, type ErrorCode } from '../error-codes.js'
import type { Latency } from '../latency.js'
import type { Cut, GoAwayOptions, RuleTimes } from '../rule.js'
import { MAX_STREAM_LIMIT } from '../settings-rewriter.js'
import {
  either,
  type Fields,
  integer,
  list,
  number,
  OptionError,
  object,
  type Shape,
  single,
  text,
  word,
  yes,
} from './shape.js'

/** Largest stream id (RFC 9113 section 5.1.1). */
const MAX_STREAM_ID = 2 ** 31 - 1
const MAX_ERROR_CODE = 2 ** 32 - 1
/** The longest that `setTimeout` can wait, in seconds: a longer wait would be over at once. */
const LONGEST_SECONDS = Math.floor((2 ** 31 - 1) / 1000)
/** With more, the tail of a log-normal distribution is longer than any test. */
const MAX_SIGMA = 5
const PERCENT = /^(\d+(?:\.\d+)?)\s*%$/

/** Seconds. */
export const duration: Shape<number> = number(0, LONGEST_SECONDS, 'seconds')

/** 0 to 1, or `1%`. */
export const share: Shape<number> = either(
  number(0, 1),
  single('text', '0% to 100%', (value) => {
    const percent = Number(PERCENT.exec(String(value))?.[1])
    return percent >= 0 && percent <= 100 ? percent / 100 : undefined
  }),
)

/** A date, milliseconds since 1970, or what a file has in place of a date. */
export const time: Shape<Date | number> = either(
  number(0, Number.MAX_SAFE_INTEGER, 'milliseconds since 1970'),
  single('date', 'a date', (value) => (value instanceof Date ? value : undefined)),
  single('text', 'a date such as 2026-01-31T12:00:00Z', (value) => {
    const milliseconds = Date.parse(String(value))
    return Number.isNaN(milliseconds) ? undefined : milliseconds
  }),
)

export const position: Shape<number> = integer(0)

export const streamLimit: Shape<number> = integer(0, MAX_STREAM_LIMIT)

/** One number counted from 1, or several. */
export const ordinals: Shape<number | readonly number[]> = either(integer(1), list(integer(1)))

export const errorCode: Shape<ErrorCode> = either(
  // The names are those that the table has.
  word(...(Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[])),
  integer(0, MAX_ERROR_CODE),
)

export const cut: Shape<true | Cut> = either(yes(), word('close', 'reset', 'halfClose'))

export const latency: Shape<Latency> = either(
  duration,
  object<LatencyObject>(
    {
      constant: duration,
      uniform: range(),
      normal: object<Normal>({ mean: duration, deviation: duration }, needs('mean', 'deviation')),
      logNormal: object<LogNormal>(
        { median: duration, sigma: number(0, MAX_SIGMA) },
        needs('median', 'sigma'),
      ),
    },
    (value, path) => {
      const given = Object.keys(value)
      if (given.length === 1) return
      throw new OptionError(path, 'exactly one of constant, uniform, normal, logNormal')
    },
  ) as Shape<Exclude<Latency, number>>, // Exactly one key is there.
)

const goAwayOptions: Shape<GoAwayOptions> = object({
  lastStreamId: either(integer(0, MAX_STREAM_ID), word('received', 'answered')),
  code: errorCode,
  reason: text(),
  debugData: text(),
  after: duration,
})

export const goAway: Shape<true | GoAwayOptions | readonly GoAwayOptions[]> = either(
  yes(),
  goAwayOptions,
  list(goAwayOptions),
)

export const ruleTimes: Fields<RuleTimes> = { from: duration, until: duration, every: duration }

/** Throws unless all of these keys are there. */
export function needs<Key extends string>(...keys: readonly Key[]): (value: object, path: string) => void {
  return (value, path) => {
    const missing = keys.find((key) => !(key in value))
    if (missing !== undefined) throw new OptionError(path, `"${missing}" is missing`)
  }
}

interface LatencyObject {
  readonly constant?: number
  readonly uniform?: readonly number[]
  readonly normal?: Normal
  readonly logNormal?: LogNormal
}

interface Normal {
  readonly mean: number
  readonly deviation: number
}

interface LogNormal {
  readonly median: number
  readonly sigma: number
}

function range(): Shape<readonly number[]> {
  const { read, ...rest } = list(duration)
  const allowed = '[least, most], both in seconds'
  return {
    ...rest,
    allowed,
    read(value, path) {
      const bounds = read.call(this, value, path)
      const [least, most] = bounds
      if (bounds.length === 2 && Number(least) <= Number(most)) return bounds
      throw new OptionError(path, `no range; allowed: ${allowed}`)
    },
  }
}
