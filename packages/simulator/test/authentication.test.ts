import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { type Lab, type Provider, providerToken, TOKEN, TOPIC, withSimulator } from './support/provider.js'

const HOUR = 3600
const START_MS = Date.UTC(2026, 0, 1)
const START = START_MS / 1000

/** Sends with this value of `authorization` and returns the reason, or the status of a success. */
async function outcome(
  provider: Provider,
  authorization: string,
  topic = TOPIC,
): Promise<string | undefined> {
  const reply = await provider.send(TOKEN, { authorization, 'apns-topic': topic, 'apns-push-type': 'alert' })
  return reply.reason ?? String(reply.status)
}

/** A clock that tests move by hand. */
function clock(): { now: () => number; pass: (seconds: number) => void } {
  let time = START_MS
  return {
    now: () => time,
    pass: (seconds) => {
      time += seconds * 1000
    },
  }
}

test('takes raw and DER signatures and extra claims', async () => {
  await withSimulator({}, async ({ apns, connectBare }) => {
    for (const options of [
      {},
      { dsaEncoding: 'der' as const },
      { claims: { sub: TOPIC }, header: { typ: 'JWT' } },
    ]) {
      const provider = await connectBare()
      assert.equal(await outcome(provider, `bearer ${providerToken(apns.credentials, options)}`), '200')
      assert.equal(apns.received.at(-1)?.authentication, 'token')
    }
  })
})

test('refuses tokens that are no provider tokens of a known key', async () => {
  await withSimulator({}, async ({ apns, connectBare }) => {
    const provider = await connectBare()
    const good = providerToken(apns.credentials)
    const [header = '', claims = '', signature = ''] = good.split('.')
    const otherKey = apns.addKey()
    const wrong: Record<string, string> = {
      'no scheme': good,
      'capital scheme': `Bearer ${good}`,
      'two spaces': `bearer  ${good}`,
      'two parts': `bearer ${header}.${claims}`,
      'four parts': `bearer ${good}.x`,
      'no JSON': `bearer ${Buffer.from('hello').toString('base64url')}.${claims}.${signature}`,
      'null as header': `bearer ${Buffer.from('null').toString('base64url')}.${claims}.${signature}`,
      'wrong signature': `bearer ${header}.${claims}.${Buffer.alloc(64, 1).toString('base64url')}`,
      'no signature': `bearer ${header}.${claims}.`,
      'other algorithm': `bearer ${providerToken(apns.credentials, { header: { alg: 'HS256' } })}`,
      'no algorithm': `bearer ${providerToken(apns.credentials, { header: { alg: undefined } })}`,
      'unknown key': `bearer ${providerToken(apns.credentials, { header: { kid: 'NOSUCHKEY1' } })}`,
      "another key's id": `bearer ${providerToken(apns.credentials, { header: { kid: otherKey.keyId } })}`,
      'wrong team': `bearer ${providerToken(apns.credentials, { claims: { iss: 'NOSUCHTEAM' } })}`,
      'string as time': `bearer ${providerToken(apns.credentials, { iat: String(Math.floor(Date.now() / 1000)) })}`,
      'no time': `bearer ${providerToken(apns.credentials, { claims: { iat: undefined } })}`,
      'far future': `bearer ${providerToken(apns.credentials, { iat: Math.floor(Date.now() / 1000) + 2 * HOUR })}`,
    }
    for (const [what, authorization] of Object.entries(wrong)) {
      assert.equal(await outcome(provider, authorization), 'InvalidProviderToken', what)
      assert.equal(apns.received.at(-1)?.authentication, undefined)
    }
    assert.equal(await outcome(provider, `bearer ${good}`), '200')
  })
})

test('a token is good for an hour', async () => {
  const { now, pass } = clock()
  await withSimulator({ now }, async ({ apns, connectBare }) => {
    const provider = await connectBare()
    const token = `bearer ${providerToken(apns.credentials, { iat: START })}`
    assert.equal(await outcome(provider, token), '200')
    pass(HOUR)
    assert.equal(await outcome(provider, token), '200')
    pass(1)
    assert.equal(await outcome(provider, token), 'ExpiredProviderToken')
    // A clock that is an hour ahead is tolerated.
    const ahead = `bearer ${providerToken(apns.credentials, { iat: START + 2 * HOUR })}`
    assert.equal(await outcome(provider, ahead), '200')
  })
})

test('a second change of the token within twenty minutes is one too many, on that connection', async () => {
  const { now, pass } = clock()
  await withSimulator({ now }, async ({ apns, connectBare }) => {
    const provider = await connectBare()
    const [first, second, third] = [0, 1, 2].map(
      (iat) => `bearer ${providerToken(apns.credentials, { iat: START + iat })}`,
    ) as [string, string, string]
    assert.equal(await outcome(provider, first), '200')
    assert.equal(await outcome(provider, second), '200')
    assert.equal(await outcome(provider, third), 'TooManyProviderTokenUpdates')
    assert.equal(apns.received.at(-1)?.status, 429)
    assert.equal(await outcome(provider, second), '200', 'the old token stays good')
    assert.equal(await outcome(await connectBare(), third), '200', 'another connection has its own count')
    pass(20 * 60)
    assert.equal(await outcome(provider, third), '200')
  })
})

test('a connection stays with the key family that came first', async () => {
  await withSimulator({}, async ({ apns, connect, connectBare }) => {
    const bearer = (key: ReturnType<typeof apns.addKey>) => `bearer ${providerToken(key)}`
    const sameTeam = apns.addKey()
    const otherTeam = apns.addKey({ teamId: 'OTHERTEAM1' })
    const forTopic = apns.addKey({ topics: [TOPIC], environment: 'production' })
    const related = apns.addKey({ topics: [TOPIC], environment: 'production', relatedTo: forTopic.keyId })
    const unrelated = apns.addKey({ topics: [TOPIC], environment: 'production' })

    const team = await connect()
    assert.equal((await team.send()).status, 200)
    assert.equal(await outcome(team, bearer(otherTeam)), 'UnrelatedKeyIdInToken')
    assert.equal(await outcome(team, bearer(forTopic)), 'UnrelatedKeyIdInToken')
    assert.equal(await outcome(team, bearer(sameTeam)), '200')

    const everywhere = await connect()
    assert.equal((await everywhere.send()).status, 200)
    const here = apns.addKey({ environment: 'production' })
    assert.equal(await outcome(everywhere, bearer(here)), '200', 'both are keys of the team, and good here')

    const topic = await connectBare()
    assert.equal(await outcome(topic, bearer(forTopic)), '200')
    assert.equal(await outcome(topic, bearer(unrelated)), 'UnrelatedKeyIdInToken')
    assert.equal(await outcome(topic, bearer(apns.credentials)), 'UnrelatedKeyIdInToken')
    assert.equal(await outcome(topic, bearer(related)), '200')
    assert.equal(await outcome(topic, bearer(related), 'com.example.other'), 'TooManyProviderTokenUpdates')
  })
})

test('a topic-specific key has one related key', async () => {
  await using apns = await startSimulator()
  const topics = [TOPIC]
  const first = apns.addKey({ topics })
  const second = apns.addKey({ topics, relatedTo: first.keyId })
  for (const { keyId } of [first, second]) {
    assert.throws(() => apns.addKey({ topics, relatedTo: keyId }), /has a related key already/)
  }
  assert.throws(() => apns.addKey({ relatedTo: 'ANYTHING10' }), /only a key with "topics"/)
  // Either may name the other first.
  apns.addKey({ keyId: 'ONEOFATWIN', topics, relatedTo: 'OTHERTWIN1' })
  apns.addKey({ keyId: 'OTHERTWIN1', topics, relatedTo: 'ONEOFATWIN' })
})

test('a connection does not learn of bundle ids that come after its first push', async () => {
  await withSimulator({ topics: [TOPIC] }, async ({ apns, connect }) => {
    const [early, late] = [await connect(), await connect()]
    const added = { 'apns-topic': 'com.example.added' }
    assert.equal((await early.send()).status, 200)
    assert.equal((await early.send(TOKEN, added)).reason, 'TopicDisallowed')
    apns.addTopic('com.example.added')
    apns.addTopic(TOPIC)
    assert.equal((await early.send(TOKEN, added)).reason, 'TopicDisallowed')
    assert.equal((await early.send()).status, 200)
    assert.equal((await late.send(TOKEN, added)).status, 200, 'its first push comes now')
  })
  await withSimulator({}, async ({ apns }) => {
    assert.throws(() => apns.addTopic('com.example.added'), /the option "topics"/)
  })
})

test('a topic-specific key is for its topics only', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const provider = await connect(apns.addKey({ topics: [TOPIC] }))
    assert.equal((await provider.send()).status, 200)
    const voip = { 'apns-topic': `${TOPIC}.voip`, 'apns-push-type': 'voip' }
    assert.equal((await provider.send(TOKEN, voip)).status, 200)
    assert.equal((await provider.send(TOKEN, { 'apns-topic': 'com.example.b' })).reason, 'TopicDisallowed')
  })
})

test('a key for the other environment is refused, in either spelling', async () => {
  const spellings = [
    [undefined, 'BadEnvironmentKeyInToken'],
    ['BadEnvironmentKeyIdInToken', 'BadEnvironmentKeyIdInToken'],
  ] as const
  for (const [environmentKeyReason, reason] of spellings) {
    const options = environmentKeyReason === undefined ? {} : { environmentKeyReason }
    await withSimulator(options, async ({ apns, connect }) => {
      const provider = await connect(apns.addKey({ environment: 'sandbox' }))
      const reply = await provider.send()
      assert.deepEqual([reply.status, reply.reason], [403, reason])
    })
  }
})

test('a revoked key is invalid at once; an unknown one cannot be revoked', async () => {
  await withSimulator({}, async ({ apns, connect }) => {
    const provider = await connect()
    assert.equal((await provider.send()).status, 200)
    apns.revokeKey(apns.credentials.keyId)
    assert.equal((await provider.send()).reason, 'InvalidProviderToken')
    assert.throws(() => apns.revokeKey('NOSUCHKEY1'), TypeError)
    assert.throws(() => {
      apns.addKey({ keyId: 'SAMEKEYID1' })
      apns.addKey({ keyId: 'SAMEKEYID1' })
    }, TypeError)
  })
})

test('rejectProviderTokens refuses the tokens seen so far', async () => {
  await withSimulator({}, async ({ apns, connect, connectBare }) => {
    const provider = await connect()
    assert.equal((await provider.send()).status, 200)
    apns.rejectProviderTokens()
    assert.equal((await provider.send()).reason, 'ExpiredProviderToken')
    const renewed = `bearer ${providerToken(apns.credentials)}`
    assert.equal(await outcome(await connectBare(), renewed), '200')
    apns.rejectProviderTokens('InvalidProviderToken')
    assert.equal(await outcome(await connectBare(), renewed), 'InvalidProviderToken')
  })
})

test('a certificate for one topic needs neither token nor topic', async () => {
  await withSimulator({}, async ({ apns, connectBare }) => {
    const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
    const provider = await connectBare({ cert, key })
    assert.equal((await provider.send()).status, 200)
    assert.equal((await provider.send(TOKEN, { authorization: 'bearer nonsense' })).status, 200)
    assert.equal((await provider.send(TOKEN, { 'apns-topic': 'com.example.b' })).reason, 'TopicDisallowed')
    assert.equal(apns.received[0]?.authentication, 'certificate')
  })
})

test('a certificate for several topics needs the topic', async () => {
  await withSimulator({}, async ({ apns, connectBare }) => {
    const topics = [TOPIC, `${TOPIC}.voip`, `${TOPIC}.complication`, `${TOPIC}.location-query`]
    const { cert, key, passphrase } = apns.clientCertificate({ topics, passphrase: 'sesame' })
    const provider = await connectBare({ cert, key, passphrase })
    assert.equal((await provider.send()).reason, 'MissingTopic')
    assert.equal((await provider.send(TOKEN, { 'apns-topic': TOPIC })).status, 200)
    const voip = { 'apns-topic': `${TOPIC}.voip`, 'apns-push-type': 'voip' }
    assert.equal((await provider.send(TOKEN, voip)).status, 200)
    const location = { 'apns-topic': `${TOPIC}.location-query`, 'apns-push-type': 'location' }
    assert.equal((await provider.send(TOKEN, location)).reason, 'TopicDisallowed', 'tokens only')
  })
})

test('PKCS#12 files open with their passphrase, which may be empty or beyond ASCII', async () => {
  await withSimulator({}, async ({ apns, connectBare }) => {
    for (const passphrase of ['sesame', '', 'Schlüssel €']) {
      const { pfx } = apns.clientCertificate({ topics: [TOPIC], passphrase })
      const provider = await connectBare({ pfx, passphrase })
      assert.equal((await provider.send()).status, 200)
    }
    const { pfx } = apns.clientCertificate({ topics: [TOPIC], passphrase: 'sesame' })
    await assert.rejects(async () => connectBare({ pfx, passphrase: 'wrong' }))
  })
})

test('certificates of another environment, another time or another issuer are refused', async () => {
  const { now, pass } = clock()
  await using stranger = await startSimulator({ now })
  await withSimulator({ now }, async ({ apns, connectBare }: Lab) => {
    const topics = [TOPIC]
    const notBefore = new Date(START_MS)
    const notAfter = new Date(START_MS + HOUR * 1000)
    const reasonFor = async (identity: { cert: string; key: string }): Promise<string> => {
      const reply = await (await connectBare({ cert: identity.cert, key: identity.key })).send()
      return reply.reason ?? String(reply.status)
    }
    const timed = apns.clientCertificate({ topics, notBefore, notAfter })
    const sandbox = apns.clientCertificate({ topics, environments: ['sandbox'] })
    assert.equal(await reasonFor(timed), '200')
    assert.equal(await reasonFor(sandbox), 'BadCertificateEnvironment')
    assert.equal(await reasonFor(stranger.clientCertificate({ topics })), 'BadCertificate')
    pass(HOUR + 1)
    assert.equal(await reasonFor(timed), 'BadCertificate')
    pass(-HOUR - 2)
    assert.equal(await reasonFor(timed), 'BadCertificate')
    assert.throws(() => apns.clientCertificate({ topics: [] }), TypeError)
  })
})
