import { authorityOf } from '../../backend/environment.js'
import { RequestWriter } from '../../backend/http2/request-writer.js'
import { parseRefusal } from '../../backend/http2/verdict.js'
import { Message } from '../../message.js'
import { isTlsRefusal } from '../../net/tls-refusal.js'
import { pushTypeOfTopic } from '../../push-type.js'
import { classify } from '../../reason.js'
import { type Check, type CheckResult, ok, problem, warning } from '../check.js'
import type { DoctorCode } from '../codes.js'
import { learned, type ServerContext } from '../context.js'
import { refusalOn } from '../refusal.js'
import { type Answer, NoAnswerError } from '../session.js'
import { certificateRefused, factsOf } from './settings-check.js'

/** In the form of one, so that it is looked at as far as any; no device has it. */
const IMPOSSIBLE_TOKEN = '00'.repeat(32)

/** Who sends with an MDM certificate has a topic like this. */
const MDM_TOPIC = /^com\.apple\.mgmt\./

/**
 * Whether the server takes the credential: by a push to a device that can not exist. APNs looks at the credential before it
 * looks at the device token, so that `BadDeviceToken` is what a good credential gets.
 */
export const authenticationCheck: Check<ServerContext> = {
  name: 'authentication',
  needs: ['credential', 'topic', 'environment', 'settings'],
  async run(context, signal) {
    const session = learned(context.session)
    const credentials = learned(context.credentials)
    const providerToken = credentials.kind === 'token' ? credentials.tokens.current() : undefined
    const message = messageFor(context.topic)
    const head = new RequestWriter(authorityOf(context.target)).prepare(
      message.notification(0, undefined),
      providerToken,
      undefined,
    )
    try {
      const heard = await session.request(head, message.encodedPayload, signal)
      const answer = { ...heard, body: withoutSecret(heard.body, providerToken) }
      const { verdict, facts, ...rest } = judge(answer)
      return {
        ...rest,
        verdict,
        facts: { ...facts, ...factsOf(session.limits) },
        learned: { answer },
      }
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error
      return isTlsRefusal(error.cause) ? certificateRefused(credentials, error) : unanswered(error)
    }
  },
  late: (_context, seconds) =>
    problem('ANSWER_TIMEOUT', {
      text: `no answer to a push within ${seconds} s`,
      advice:
        'Try again later; something in between may let the beginning of a connection pass, and no more.',
    }),
}

/** A push of the type that fits the topic; if ever it arrived, nobody would see it. */
function messageFor(topic: string | undefined): Message {
  const isMdm = topic !== undefined && MDM_TOPIC.test(topic)
  const isPlain = topic === undefined || pushTypeOfTopic(topic) === undefined
  const payload = isMdm ? { mdm: '' } : { aps: isPlain ? { 'content-available': 1 } : {} }
  return new Message([IMPOSSIBLE_TOKEN], payload, { topic, expiration: 0 })
}

/** A server may send back what it was sent. */
function withoutSecret(body: string, providerToken: string | undefined): string {
  return providerToken === undefined ? body : body.replaceAll(providerToken, '<provider token>')
}

function judge({ status, body }: Answer): CheckResult<ServerContext> {
  const reason = parseRefusal(body)?.reason
  const facts = { status, reason: reason ?? null }
  if (status === 200) {
    return ok(
      "200: the server takes the credential. It takes a device that can not exist, too: it is not Apple's",
      {
        facts,
      },
    )
  }
  const klass = classify(status, reason ?? '').class
  if (reason !== undefined && klass === 'token') {
    return ok(`${status} ${reason}, which is what a good credential gets for a device that can not exist`, {
      facts,
    })
  }
  const words = refusalOn(status, reason, body)
  if (klass === 'later' && status < 500) return warning('UNDECIDED', words, { facts })
  return problem(codeFor(status, reason), words, { facts })
}

function codeFor(status: number, reason: string | undefined): DoctorCode {
  if (reason === undefined) return 'NOT_APNS'
  if (status >= 500) return 'SERVER_FAILED'
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
