import type { PushCertificate } from '../../credentials/credentials.js'
import { checkedTopic } from '../../message-checks.js'
import { MessageError } from '../../message-error.js'
import { type Check, type CheckResult, ok, problem } from '../check.js'
import { learned, type SetupContext } from '../context.js'

/** The topic that notifications are to go to. */
export const topicCheck: Check<SetupContext> = {
  name: 'topic',
  needs: ['credential'],
  run({ credentials, givenTopic }) {
    try {
      checkedTopic(givenTopic)
    } catch (error) {
      if (!(error instanceof MessageError)) throw error
      return problem('TOPIC_INVALID', { text: error.message, advice: "Give the app's bundle id." })
    }
    const known = learned(credentials)
    return known.kind === 'token' ? judgeTopic(givenTopic) : judgeCertificate(known.certificate, givenTopic)
  },
}

function judgeTopic(topic: string | undefined): CheckResult<SetupContext> {
  if (topic !== undefined) return ok(topic, { learned: { topic }, facts: { topic } })
  return problem('TOPIC_MISSING', {
    text: 'no topic was given, and with a key every notification needs one',
    advice: "Give topic: the app's bundle id, with the push type's suffix where it has one.",
  })
}

function judgeCertificate(
  { topics: covered, subjectTopic }: PushCertificate,
  given: string | undefined,
): CheckResult<SetupContext> {
  const topics = covered.map(({ topic }) => topic)
  const list = `the certificate is for ${topics.join(', ')}`
  if (given !== undefined && topics.length > 0 && !topics.includes(given)) {
    return problem(
      'TOPIC_NOT_COVERED',
      {
        text: `${given} is not one of the certificate's topics; ${list}`,
        advice: 'Give one of these topics, or the certificate of this app.',
      },
      { facts: { topic: given, topics } },
    )
  }
  const topic = given ?? subjectTopic ?? topics[0]
  if (topic === undefined) return ok('left to the certificate', { facts: { topic: null, topics } })
  const more = { learned: { topic }, facts: { topic, topics } }
  return ok(topics.length > 0 ? `${topic}; ${list}` : topic, more)
}
