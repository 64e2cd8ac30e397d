/** What Apple's pages leave open, decided in every way. What broadcasts have of their own is tested beside them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Doubts, startSimulator } from '@apns-worker/simulator'
import { type Lab, type Provider, providerToken, TOKEN, TOPIC, withSimulator } from './support/provider.js'

const UUID = '123e4567-e89b-42d3-a456-426614174000'
const HOUR = 3600
const LIVE_ACTIVITY = {
  'apns-topic': `${TOPIC}.push-type.liveactivity`,
  'apns-push-type': 'liveactivity',
}
const LOCATION = { 'apns-topic': `${TOPIC}.location-query`, 'apns-push-type': 'location' }

/** What a notification is answered that depends on how a doubt is decided: the reason, or the status of a success. */
type Attempt = (lab: Lab) => Promise<string>

async function outcome(provider: Provider, ...sent: Parameters<Provider['send']>): Promise<string> {
  const { status, reason } = await provider.send(...sent)
  return reason === undefined ? String(status) : `${status} ${reason}`
}

/** Sends it over a good connection. */
function sending(...sent: Parameters<Provider['send']>): Attempt {
  return async ({ connect }) => outcome(await connect(), ...sent)
}

function withToken(options: Parameters<typeof providerToken>[1]): Attempt {
  return async ({ apns, connectBare }) =>
    outcome(await connectBare(), TOKEN, {
      authorization: `bearer ${providerToken(apns.credentials, options)}`,
      'apns-topic': TOPIC,
      'apns-push-type': 'alert',
    })
}

/** Sends with a topic-specific key, whose tokens have this `sub`. */
function asTopicKey(subject: string | undefined): Attempt {
  return async ({ apns, connectBare }) => {
    const key = apns.addKey({ topics: [TOPIC] })
    const authorization = `bearer ${providerToken(key, { claims: { sub: subject } })}`
    return outcome(await connectBare(), TOKEN, { authorization, 'apns-topic': TOPIC })
  }
}

const otherTeam: Attempt = async ({ apns, connect }) => {
  const provider = await connect()
  await provider.send()
  const authorization = `bearer ${providerToken(apns.addKey({ teamId: 'OTHERTEAM1' }))}`
  return outcome(provider, TOKEN, { authorization })
}

const unassociatedTopic: Attempt = async ({ apns, connect }) =>
  outcome(await connect(apns.addKey({ topics: ['com.example.other'] })))

const addedTopic: Attempt = async ({ apns, connect }) => {
  const provider = await connect()
  await provider.send()
  apns.addTopic('com.example.added')
  return outcome(provider, TOKEN, { 'apns-topic': 'com.example.added' })
}

function withCertificate(headers: Readonly<Record<string, string>>): Attempt {
  return async ({ apns, connectBare }) => {
    const { cert, key } = apns.clientCertificate({ topics: [TOPIC, headers['apns-topic'] ?? ''] })
    return outcome(await connectBare({ cert, key }), TOKEN, headers)
  }
}

/** The first of each row is the default. */
const DOUBTS: readonly [
  attempt: Attempt,
  ...decisions: readonly [decision: Partial<Doubts>, answer: string][],
][] = [
  [
    sending(TOKEN, { 'apns-push-type': undefined }),
    [{ missingPushType: 'infer' }, '200'],
    [{ missingPushType: 'InvalidPushType' }, '400 InvalidPushType'],
    [{ missingPushType: 'MissingPushType' }, '400 MissingPushType'],
  ],
  [
    sending(TOKEN, { 'apns-push-type': 'background', 'apns-priority': '10' }),
    [{ backgroundAtPriority10: 'BadPriority' }, '400 BadPriority'],
    [{ backgroundAtPriority10: 'accept' }, '200'],
  ],
  [
    sending(TOKEN, { 'apns-push-type': 'background', 'apns-priority': '1' }),
    [{}, '400 BadPriority'],
    [{ backgroundAtPriority10: 'accept', lowestPriority: 'accept' }, '400 BadPriority'],
  ],
  [
    sending(TOKEN, { ...LIVE_ACTIVITY, 'apns-priority': '1' }),
    [{ lowestPriority: 'accept' }, '200'],
    [{ lowestPriority: 'BadPriority' }, '400 BadPriority'],
  ],
  [
    sending(TOKEN, { ...LOCATION, 'apns-priority': '1' }),
    [{ lowestPriority: 'accept' }, '200'],
    [{ lowestPriority: 'BadPriority' }, '400 BadPriority'],
  ],
  [
    sending(TOKEN, { ...LOCATION, 'apns-priority': '5' }),
    [{}, '200'],
    [{ lowestPriority: 'BadPriority' }, '200'],
  ],
  [sending(TOKEN, { 'apns-priority': '1' }), [{}, '200'], [{ lowestPriority: 'BadPriority' }, '200']],
  [
    sending(TOKEN, { 'apns-id': UUID.toUpperCase() }),
    [{ capitalIds: 'BadMessageId' }, '400 BadMessageId'],
    [{ capitalIds: 'accept' }, '200'],
  ],
  [
    sending(TOKEN.toUpperCase()),
    [{ capitalTokens: 'accept' }, '200'],
    [{ capitalTokens: 'BadDeviceToken' }, '400 BadDeviceToken'],
  ],
  [
    sending('ab'.repeat(33)),
    [{ longestToken: 100 }, '200'],
    [{ longestToken: 33 }, '200'],
    [{ longestToken: 32 }, '400 BadDeviceToken'],
  ],
  [
    withCertificate(LOCATION),
    [{ tokenOnlyTypes: ['location'] }, '400 TopicDisallowed'],
    [{ tokenOnlyTypes: [] }, '200'],
  ],
  [
    withCertificate(LIVE_ACTIVITY),
    [{ tokenOnlyTypes: ['location'] }, '200'],
    [{ tokenOnlyTypes: ['location', 'liveactivity'] }, '400 TopicDisallowed'],
  ],
  [
    otherTeam,
    [{ otherTeam: 'UnrelatedKeyIdInToken' }, '403 UnrelatedKeyIdInToken'],
    [{ otherTeam: 'InvalidProviderToken' }, '403 InvalidProviderToken'],
    [{ otherTeam: 'Forbidden' }, '403 Forbidden'],
  ],
  [
    unassociatedTopic,
    [{ unassociatedTopic: 'TopicDisallowed' }, '400 TopicDisallowed'],
    [{ unassociatedTopic: 'Forbidden' }, '403 Forbidden'],
    [{ unassociatedTopic: 'InvalidProviderToken' }, '403 InvalidProviderToken'],
  ],
  [
    addedTopic,
    [{ addedTopic: 'TopicDisallowed' }, '400 TopicDisallowed'],
    [{ addedTopic: 'Forbidden' }, '403 Forbidden'],
    [{ addedTopic: 'BadTopic' }, '400 BadTopic'],
  ],
  [
    withToken({ iat: Math.floor(Date.now() / 1000) + 2 * HOUR }),
    [{ futureToken: 'InvalidProviderToken' }, '403 InvalidProviderToken'],
    [{ futureToken: 'ExpiredProviderToken' }, '403 ExpiredProviderToken'],
  ],
  [
    withToken({ dsaEncoding: 'der' }),
    [{ derSignatures: 'accept' }, '200'],
    [{ derSignatures: 'InvalidProviderToken' }, '403 InvalidProviderToken'],
  ],
  [
    withToken({}),
    [{}, '200'],
    [{ derSignatures: 'InvalidProviderToken', topicKeySubject: 'require' }, '200'],
  ],
  [
    withToken({ claims: { sub: TOPIC } }),
    [{ topicKeySubject: 'ignore' }, '200'],
    [{ topicKeySubject: 'require' }, '403 InvalidProviderToken'],
  ],
  [
    asTopicKey(undefined),
    [{ topicKeySubject: 'ignore' }, '200'],
    [{ topicKeySubject: 'require' }, '403 InvalidProviderToken'],
  ],
  [
    asTopicKey('com.example.other'),
    [{ topicKeySubject: 'ignore' }, '200'],
    [{ topicKeySubject: 'require' }, '403 InvalidProviderToken'],
  ],
  [asTopicKey(TOPIC), [{ topicKeySubject: 'ignore' }, '200'], [{ topicKeySubject: 'require' }, '200']],
]

for (const [attempt, ...decisions] of DOUBTS) {
  const [usual, answer] = decisions[0] ?? []
  test(`${JSON.stringify(usual)} is the default, and may be decided otherwise`, async () => {
    const all: readonly (readonly [Partial<Doubts>, string | undefined])[] = [[{}, answer], ...decisions]
    for (const [doubts, expected] of all) {
      await withSimulator({ topics: [TOPIC, 'com.example.other'], doubts }, async (lab) => {
        assert.equal(await attempt(lab), expected, JSON.stringify(doubts))
      })
    }
  })
}

test('a doubt that there is none of is refused', async () => {
  const doubts = { missingPushType: 'guess' } as unknown as Partial<Doubts> // As from JavaScript.
  await assert.rejects(
    startSimulator({ doubts }),
    /doubts\.missingPushType: "guess" is not allowed; allowed: infer/,
  )
})
