import { clockSkewMs, clockSkewWords } from '../../backend/http2/clock-check.js'
import { parseRefusal } from '../../backend/http2/verdict.js'
import { MAX_AGE_MS } from '../../credentials/provider-tokens.js'
import { type Check, type CheckResult, ok, problem, skipped, warning } from '../check.js'
import type { ServerContext } from '../context.js'
import type { DoctorService } from '../diagnosis.js'
import { isForWantOf } from '../refusal.js'
import type { Answer } from '../session.js'

/** Apple refuses provider tokens that are older. */
const HOUR_MS = 3_600_000
/** A clock that is behind by more lets provider tokens expire before they are renewed. */
const HARMFUL_MS = HOUR_MS - MAX_AGE_MS

const SET_IT = "Set this machine's clock, and keep it right (NTP)."

/**
 * This machine's clock: by the date in the server's answer (RFC 9110 section 6.6.1) or, where it gives none, by what it
 * made of a provider token that this clock has dated.
 */
export const clockCheck: Check<ServerContext> = {
  name: 'clock',
  needs: ['credential', 'topic', 'environment', 'settings'],
  run({ answer, credentials, server }) {
    if (answer === undefined) return skipped('CLOCK_UNKNOWN', 'no answer to tell it by')
    const skewMs =
      answer.date === undefined ? undefined : clockSkewMs(answer.date, answer.sentAtMs, answer.answeredAtMs)
    if (skewMs !== undefined) return judgeSkew(skewMs)
    return credentials?.kind === 'token'
      ? judgeByToken(answer, server.service)
      : skipped('CLOCK_UNKNOWN', NO_DATE)
  },
}

const NO_DATE = 'the server gives no date to tell it by'

function judgeSkew(skewMs: number): CheckResult<ServerContext> {
  const facts = { secondsAhead: Math.round(skewMs / 1000) }
  const words = clockSkewWords(skewMs)
  if (words === undefined) return ok("it agrees with the server's", { facts })
  const said = { text: `it is ${words} the server's`, advice: SET_IT }
  return Math.abs(skewMs) > HARMFUL_MS
    ? problem('CLOCK_WRONG', said, { facts })
    : warning('CLOCK_OFF', said, { facts })
}

function judgeByToken({ status, body }: Answer, service: DoctorService): CheckResult<ServerContext> {
  const reason = parseRefusal(body)?.reason
  if (reason === 'ExpiredProviderToken') {
    return problem('CLOCK_WRONG', {
      text: 'it is behind by half an hour or more: a provider token that it dated now has expired for the server',
      advice: SET_IT,
    })
  }
  const isTaken = status === 200 || isForWantOf(service, status, reason)
  return isTaken
    ? ok('right within an hour: the server took a provider token that it dated')
    : skipped('CLOCK_UNKNOWN', NO_DATE)
}
