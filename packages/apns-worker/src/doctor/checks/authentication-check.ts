import { parseRefusal } from '../../backend/http2/verdict.js'
import { MessageError } from '../../message-error.js'
import { isTlsRefusal } from '../../net/tls-refusal.js'
import { classify } from '../../reason.js'
import { type Check, type CheckResult, ok, problem, warning } from '../check.js'
import type { DoctorCode } from '../codes.js'
import { learned, type ServerContext } from '../context.js'
import type { DoctorService } from '../diagnosis.js'
import { impossibleRequest } from '../impossible-request.js'
import { isForWantOf, refusalOn } from '../refusal.js'
import { type Answer, NoAnswerError } from '../session.js'
import { certificateRefused, factsOf } from './settings-check.js'

/** What there is no such of. */
const NOUNS: Readonly<Record<DoctorService, 'device' | 'channel'>> = {
  notifications: 'device',
  broadcasts: 'channel',
  channels: 'channel',
}
/**
 * Whether the server takes the credential: by a request for a device, or a channel, that can not exist. APNs looks at the
 * credential before it looks at these, so that `BadDeviceToken` is what a good credential gets.
 */
export const authenticationCheck: Check<ServerContext> = {
  name: 'authentication',
  needs: ['credential', 'topic', 'environment', 'settings'],
  async run(context, signal) {
    const session = learned(context.session)
    const credentials = learned(context.credentials)
    const providerToken = credentials.kind === 'token' ? credentials.tokens.current() : undefined
    const { service } = context.server
    try {
      const { head, body } = impossibleRequest(service, context.target, context.topic, providerToken)
      const heard = await session.request(head, body, signal)
      const answer = { ...heard, body: withoutSecret(heard.body, providerToken) }
      const { verdict, facts, ...rest } = judge(answer, service)
      return {
        ...rest,
        verdict,
        facts: { ...facts, ...factsOf(session.limits) },
        learned: { answer },
      }
    } catch (error) {
      if (error instanceof MessageError)
        return problem('TOPIC_INVALID', {
          text: error.message,
          advice: "Give the app's bundle id as the topic.",
        })
      if (!(error instanceof NoAnswerError)) throw error
      return isTlsRefusal(error.cause) ? certificateRefused(credentials, error) : unanswered(error)
    }
  },
  late: (_context, seconds) =>
    problem('ANSWER_TIMEOUT', {
      text: `no answer to a request within ${seconds} s`,
      advice:
        'Try again later; something in between may let the beginning of a connection pass, and no more.',
    }),
}

/** A server may send back what it was sent. */
function withoutSecret(body: string, providerToken: string | undefined): string {
  return providerToken === undefined ? body : body.replaceAll(providerToken, '<provider token>')
}

function judge({ status, body }: Answer, service: DoctorService): CheckResult<ServerContext> {
  const noun = NOUNS[service]
  const reason = parseRefusal(body)?.reason
  const facts = { status, reason: reason ?? null }
  if (status === 200) {
    return ok(
      `200: the server takes the credential. It takes a ${noun} that can not exist, too: it is not Apple's`,
      { facts },
    )
  }
  if (isForWantOf(service, status, reason)) {
    return ok(`${status} ${reason}, which is what a good credential gets for a ${noun} that can not exist`, {
      facts,
    })
  }
  const words = refusalOn(status, reason, body)
  if (classify(status, reason ?? '').class === 'later' && status < 500)
    return warning('UNDECIDED', words, { facts })
  return problem(codeFor(status, reason), words, { facts })
}

function codeFor(status: number, reason: string | undefined): DoctorCode {
  if (reason === undefined) return 'NOT_APNS'
  if (status >= 500) return 'SERVER_FAILED'
  if (reason === 'FeatureNotEnabled') return 'BROADCASTS_NOT_ENABLED'
  if (reason === 'TopicMismatch') return 'TOPIC_REFUSED'
  if (reason === 'TopicDisallowed' || reason === 'BadTopic' || reason === 'MissingTopic')
    return 'TOPIC_REFUSED'
  return status === 403 ? 'CREDENTIAL_REFUSED' : 'REFUSED'
}

function unanswered({ message, reason }: NoAnswerError): CheckResult<ServerContext> {
  if (reason !== undefined) {
    const words = refusalOn(0, reason)
    return problem(
      'CREDENTIAL_REFUSED',
      { ...words, text: `${words.text} (${message})` },
      { facts: { reason } },
    )
  }
  return problem('NO_ANSWER', {
    text: message,
    advice:
      'Try again; if it stays so, something in between breaks the connection, or the server turns it away.',
  })
}
