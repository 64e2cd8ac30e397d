import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { type Diagnosis, type DoctorOptions, diagnose } from 'apns-worker/doctor'
import { freePort } from '../support/free-port.js'
import { failOnLeaks } from '../support/leaks.js'
import { TOPIC } from '../support/sender.js'
import { PROVIDER_KEY } from '../support/test-identity.js'
import { startNodeServer } from '../support/test-servers.js'
import { atSimulator, examine } from './examine.js'

failOnLeaks()

const IMPOSSIBLE_CHANNEL = 'AAAAAAAAAAAAAAAAAAAAAA=='

/** What was found of authentication, by the service. */
async function authenticationOf(
  apns: Simulator,
  options: Partial<DoctorOptions> = {},
): Promise<Map<string, Diagnosis>> {
  const { diagnoses } = await examine(atSimulator(apns, { broadcasts: true, ...options }))
  const found = diagnoses.filter(({ check }) => check === 'authentication')
  return new Map(found.map((each) => [each.server?.service ?? '', each]))
}

/** The codes and words of authentication at a server that answers everything with this. */
async function answeredWith(status: number, reason: string): Promise<Map<string, Diagnosis>> {
  await using server = await startNodeServer(({ stream }) => {
    stream.respond({ ':status': status })
    stream.end(JSON.stringify({ reason }))
  })
  const { environment } = server
  const servers = [{ ...environment, channelPort: environment.port }]
  const { diagnoses } = await examine({ ...PROVIDER_KEY, topic: TOPIC, broadcasts: true, servers })
  const found = diagnoses.filter(({ check }) => check === 'authentication')
  return new Map(found.map((each) => [each.server?.service ?? '', each]))
}

describe('the checks of broadcasts and channels', () => {
  it('are not made unless they are asked for', async () => {
    await using apns = await startSimulator()
    const { diagnoses } = await examine(atSimulator(apns))
    assert.deepEqual(
      new Set(diagnoses.flatMap(({ server }) => server?.service ?? [])),
      new Set(['notifications']),
    )
    assert.equal(apns.broadcasts.length + apns.channelRequests.length, 0)
  })

  it('are those of any server, with a request for a channel that can not exist', async () => {
    await using apns = await startSimulator({
      rules: [{ topic: TOPIC, pushType: 'background', badDeviceToken: true }],
    })
    const { diagnoses } = await examine(atSimulator(apns, { broadcasts: true }))
    assert.deepEqual(
      diagnoses.filter(({ verdict }) => verdict !== 'ok'),
      [],
    )
    const checks = ['dns', 'tcp', 'tls', 'alpn', 'settings', 'authentication', 'clock']
    const { host, port, channelPort } = apns.environment
    assert.deepEqual(
      diagnoses.slice(2).map(({ check, server }) => [check, server?.service, server?.name]),
      [
        ...checks.map((check) => [check, 'notifications', `${host}:${port}`]),
        ...checks.map((check) => [check, 'broadcasts', `broadcasts at ${host}:${port}`]),
        ...checks.map((check) => [check, 'channels', `channels at ${host}:${channelPort}`]),
      ],
    )
    assert.match(
      diagnoses.at(-2)?.text ?? '',
      /^400 ChannelNotRegistered, which is what a good credential gets for a channel that can not exist$/,
    )
    const [broadcast] = apns.broadcasts
    assert.deepEqual(
      [broadcast?.bundleId, broadcast?.status, broadcast?.priority, broadcast?.expiration],
      [TOPIC, 400, 5, 0],
    )
    assert.equal(broadcast?.headers.get('apns-channel-id'), IMPOSSIBLE_CHANNEL)
    assert.deepEqual(
      apns.channelRequests.map(({ operation, bundleId, channelId }) => [operation, bundleId, channelId]),
      [['read', TOPIC, IMPOSSIBLE_CHANNEL]],
    )
    assert.equal(apns.channels.length, 0)
  })

  it('take a client certificate that the server takes', async () => {
    await using apns = await startSimulator()
    const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
    const { host, port, channelPort, ca } = apns.environment
    const { diagnoses } = await examine({
      ...{ cert, key, broadcasts: true, servers: [{ host, port, channelPort, ca }] },
    })
    // Without a provider token, nothing tells the time.
    const others = diagnoses.filter(({ verdict, check }) => verdict !== 'ok' && check !== 'clock')
    assert.deepEqual(others, [])
    assert.deepEqual(
      [...apns.broadcasts, ...apns.channelRequests].map(({ headers }) => headers.has('authorization')),
      [false, false],
    )
  })

  it('say that broadcasts are not enabled, or that the credential is not taken', async () => {
    const cases: readonly (readonly [status: number, reason: string, code: string])[] = [
      [400, 'FeatureNotEnabled', 'BROADCASTS_NOT_ENABLED'],
      [403, 'InvalidProviderToken', 'CREDENTIAL_REFUSED'],
      [403, 'TopicMismatch', 'TOPIC_REFUSED'],
      [400, 'BadChannelId', 'OK'],
      [400, 'ChannelNotRegistered', 'OK'],
      [400, 'BadDeviceToken', 'REFUSED'],
      [503, 'Service Unavailable', 'SERVER_FAILED'],
      [429, 'TooManyRequests', 'UNDECIDED'],
    ]
    for (const [status, reason, code] of cases) {
      const found = await answeredWith(status, reason)
      assert.deepEqual([found.get('broadcasts')?.code, found.get('channels')?.code], [code, code], reason)
    }
  })

  it('say what to do about the first of these', async () => {
    const { text, advice } = (await answeredWith(400, 'FeatureNotEnabled')).get('channels') ?? {
      ...{ text: '', advice: '' },
    }
    assert.match(text, /^400 FeatureNotEnabled: Broadcasts are not enabled for this app/)
    assert.match(advice ?? '', /Switch on the broadcast capability/)
  })

  it('want a bundle id', async () => {
    await using apns = await startSimulator()
    const found = await authenticationOf(apns, { topic: `${TOPIC}.voip` })
    assert.deepEqual(
      Array.from(found, ([service, { code }]) => [service, code]),
      [
        ['notifications', 'OK'],
        ['broadcasts', 'TOPIC_INVALID'],
        ['channels', 'TOPIC_INVALID'],
      ],
    )
  })

  it('leave out channels of a server that does not say where they are', async () => {
    await using apns = await startSimulator()
    const { host, port, ca } = apns.environment
    const found = await authenticationOf(apns, { servers: [{ host, port, ca }] })
    assert.deepEqual([...found.keys()], ['notifications', 'broadcasts'])
  })

  it('are at Apple’s hosts and ports', async () => {
    const places: string[] = []
    // No name leads anywhere through this proxy.
    const proxy = `http://127.0.0.1:${await freePort()}`
    const servers = [{ environment: 'production', port: 2197 }, { environment: 'sandbox' }] as const
    for await (const { check, server } of diagnose({
      ...PROVIDER_KEY,
      topic: TOPIC,
      broadcasts: true,
      servers,
      proxy,
    }))
      if (check === 'dns' && server !== undefined)
        places.push(`${server.name}: ${server.host}:${server.port}`)
    assert.deepEqual(places, [
      'production: api.push.apple.com:2197',
      'production broadcasts: api-broadcast.push.apple.com:443',
      'production channels: api-manage-broadcast.push.apple.com:2196',
      'sandbox: api.sandbox.push.apple.com:443',
      'sandbox broadcasts: api-broadcast.sandbox.push.apple.com:443',
      'sandbox channels: api-manage-broadcast.sandbox.push.apple.com:2195',
    ])
  })
})
