import { type Channel, type Rule, type Simulator, startSimulator } from '@apns-worker/simulator'
import type { Notification, ProviderOptions, Responses } from 'apns-worker/node-apn'
import type { NodeApn } from './notification-cases.js'

type Provider = InstanceType<NodeApn['Provider']>

/** What a program does with channels; there is one of each kind already. */
export interface ChannelCase {
  readonly rules?: readonly Rule[]
  readonly run: (scene: Scene) => Promise<Responses<unknown, unknown>>
  /** Where ours does better, or otherwise; the answers of both are documented. */
  readonly differs?: true
}

interface Scene {
  readonly provider: Provider
  readonly note: (properties?: object) => Notification
  /** An update for the channel `latest`. */
  readonly update: (properties?: object) => Notification
  readonly latest: Channel
  readonly none: Channel
}

export const TOPIC = 'com.example.app'
const ID = '0309f412-aa57-46a8-9ac6-b5aeca8c4594'
const LATER = 4_000_000_000
const LATEST = { 'message-storage-policy': 1, 'push-type': 'LiveActivity' }

const broadcast = (properties: object, bundleId = TOPIC): ChannelCase => ({
  run: ({ provider, update }) => provider.broadcast(update(properties), bundleId),
})
const create = (payload: object): ChannelCase => ({
  run: ({ provider, note }) => provider.manageChannels(note({ payload }), TOPIC, 'create'),
})

/** By name. */
export const CHANNEL_CASES: ReadonlyMap<string, ChannelCase> = new Map<string, ChannelCase>([
  ['a new channel', create(LATEST)],
  ['a new channel without storage', create({ ...LATEST, 'message-storage-policy': 0 })],
  ['a new channel, with its push type in small letters', create({ ...LATEST, 'push-type': 'liveactivity' })],
  ['a new channel, of the push type that goes without saying', create({ 'message-storage-policy': 1 })],
  [
    'a new channel as node-apn’s page has it',
    { ...create({ ...LATEST, 'message-storage-policy': '1' }), differs: true },
  ],
  [
    'a new channel, raw',
    { run: ({ provider, note }) => provider.manageChannels(note({ rawPayload: LATEST }), TOPIC, 'create') },
  ],
  [
    'a new channel, with an id',
    {
      run: ({ provider, note }) =>
        provider.manageChannels(note({ payload: LATEST, requestId: ID }), TOPIC, 'create'),
    },
  ],
  ['a new channel of no known policy', create({ ...LATEST, 'message-storage-policy': 7 })],
  ['a new channel of no policy', create({ 'push-type': 'LiveActivity' })],
  ['a new channel of another push type', create({ ...LATEST, 'push-type': 'alert' })],
  ['a new channel with more to say', create({ ...LATEST, name: 'match' })],
  [
    'two new channels, and one that can not be',
    {
      run: ({ provider, note }) => {
        const payloads = [LATEST, { 'message-storage-policy': 7 }, LATEST]
        return provider.manageChannels(
          payloads.map((payload) => note({ payload })),
          TOPIC,
          'create',
        )
      },
    },
  ],
  [
    'what a channel is',
    {
      run: ({ provider, note, latest }) =>
        provider.manageChannels(note({ channelId: latest.id, requestId: ID }), TOPIC, 'read'),
    },
  ],
  [
    'what a channel without storage is',
    {
      run: ({ provider, note, none }) => provider.manageChannels(note({ channelId: none.id }), TOPIC, 'read'),
    },
  ],
  ['what no channel is', { run: ({ provider, note }) => provider.manageChannels(note(), TOPIC, 'read') }],
  [
    'what an unknown channel is',
    { run: ({ provider, note }) => provider.manageChannels(note({ channelId: 'AAAA' }), TOPIC, 'read') },
  ],
  [
    'what is no channel’s id',
    { run: ({ provider, note }) => provider.manageChannels(note({ channelId: '###' }), TOPIC, 'read') },
  ],
  ['all channels', { run: ({ provider, note }) => provider.manageChannels(note(), TOPIC, 'readAll') }],
  [
    'all channels of an app that has none',
    { run: ({ provider, note }) => provider.manageChannels(note(), 'com.example.other', 'readAll') },
  ],
  [
    'all channels of no app',
    { run: ({ provider, note }) => provider.manageChannels(note(), 'com.example/app', 'readAll') },
  ],
  [
    'all channels of a topic with a suffix',
    { run: ({ provider, note }) => provider.manageChannels(note(), `${TOPIC}.voip`, 'readAll') },
  ],
  ['nothing', { run: ({ provider }) => provider.manageChannels([], TOPIC, 'readAll') }],
  [
    'a channel less',
    {
      run: ({ provider, note, none }) =>
        provider.manageChannels([note({ channelId: none.id })], TOPIC, 'delete'),
    },
  ],
  [
    'an unknown channel less',
    { run: ({ provider, note }) => provider.manageChannels(note({ channelId: 'AAAA' }), TOPIC, 'delete') },
  ],
  [
    'requests about channels that are refused',
    {
      rules: [{ status: 403, reason: 'InvalidProviderToken' }],
      run: ({ provider, note }) => provider.manageChannels([note(), note()], TOPIC, 'readAll'),
    },
  ],
  ['a broadcast', broadcast({})],
  ['a broadcast with an id', broadcast({ requestId: ID, priority: 5 })],
  [
    'a broadcast for a channel without storage',
    {
      run: ({ provider, update, none }) =>
        provider.broadcast(update({ channelId: none.id, expiry: 0 }), TOPIC),
    },
  ],
  [
    'a broadcast that the channel does not store',
    { run: ({ provider, update, none }) => provider.broadcast(update({ channelId: none.id }), TOPIC) },
  ],
  ['a broadcast without an expiry', { ...broadcast({ expiry: -1 }), differs: true }],
  ['a broadcast without a push type', { ...broadcast({ pushType: undefined }), differs: true }],
  ['a broadcast of another push type', broadcast({ pushType: 'alert' })],
  ['a broadcast that starts an activity', { ...broadcast({ event: 'start' }), differs: true }],
  ['a broadcast that lacks a timestamp', broadcast({ timestamp: undefined })],
  ['a broadcast of an impossible priority', broadcast({ priority: 7 })],
  ['a broadcast of 5,000 bytes', broadcast({ payload: { text: 'x'.repeat(4900) } })],
  ['a broadcast that is too large', broadcast({ payload: { text: 'x'.repeat(6000) } })],
  ['a broadcast to no channel', broadcast({ channelId: undefined })],
  ['a broadcast to an unknown channel', broadcast({ channelId: 'AAAA' })],
  ['a broadcast to what is no channel’s id', broadcast({ channelId: '###' })],
  ['a broadcast to a topic with a suffix', broadcast({}, `${TOPIC}.push-type.liveactivity`)],
  ['a broadcast to no app', broadcast({}, 'com.example/app')],
  [
    'a broadcast with what only devices have',
    broadcast({ topic: 'com.example.other', id: ID, collapseId: 'c' }),
  ],
  [
    'a list of broadcasts',
    {
      run: ({ provider, update }) =>
        provider.broadcast([update(), update({ channelId: 'AAAA' }), update()], TOPIC),
    },
  ],
  ['an empty list of broadcasts', { run: ({ provider }) => provider.broadcast([], TOPIC) }],
  [
    'broadcasts that are refused',
    {
      rules: [{ status: 403, reason: 'InvalidProviderToken' }],
      run: ({ provider, update }) => provider.broadcast([update(), update()], TOPIC),
    },
  ],
])

export interface ChannelResult {
  readonly answers: Responses<unknown, unknown>
  /** What the simulator has accepted. */
  readonly accepted: readonly unknown[]
}

/**
 * Lets node-apn, or ours, do what the case says.
 *
 * @param end shuts the provider down
 */
export async function playWithChannels(
  apn: NodeApn,
  { rules = [], run }: ChannelCase,
  end: (provider: Provider) => Promise<unknown>,
): Promise<ChannelResult> {
  const apns = await startSimulator({
    rules,
    channelRules: rules.map(({ status, reason }) => ({ status: status ?? 400, reason: reason ?? '' })),
  })
  const latest = apns.addChannel({ storagePolicy: 'latest' })
  const none = apns.addChannel({ storagePolicy: 'none' })
  const provider = new apn.Provider(optionsFor(apns))
  const note = (properties?: object): Notification => new apn.Notification(properties)
  const update = (properties?: object): Notification =>
    note({
      ...{ channelId: latest.id, expiry: LATER, pushType: 'liveactivity' },
      ...{ event: 'update', timestamp: 1_700_000_000, contentState: { goals: 1 }, ...properties },
    })
  try {
    const answers = await run({ provider, note, update, latest, none })
    const names = new Map([
      [latest.id, 'the one that stores'],
      [none.id, 'the one that does not'],
    ])
    // Its parts are what they were before.
    return plain({ answers, accepted: acceptedBy(apns) }, names) as ChannelResult
  } finally {
    await end(provider)
    await apns.close()
  }
}

export function optionsFor({ host, port, ca, credentials, environment }: Simulator): ProviderOptions {
  return {
    ...{ token: credentials, address: host, port, ca },
    ...{ manageChannelsAddress: host, manageChannelsPort: environment.channelPort },
  }
}

function acceptedBy(apns: Simulator): unknown[] {
  const requests = apns.channelRequests.filter(({ status = 0 }) => status < 300)
  return [
    ...requests.map(({ operation, bundleId, channelId }) => ({ operation, bundleId, channelId })),
    ...apns.broadcasts
      .filter(({ status }) => status === 200)
      .map(({ bundleId, headers, payload }) => ({
        bundleId,
        channel: headers.get('apns-channel-id'),
        pushType: headers.get('apns-push-type'),
        priority: headers.get('apns-priority'),
        expiration: headers.get('apns-expiration'),
        payload,
      })),
  ]
}

/** As JSON has it. Ids that nobody chose become words, and errors the first words of their message. */
function plain(value: unknown, names: ReadonlyMap<string, string>): unknown {
  const named = (id: string): string => names.get(id) ?? (id === 'AAAA' || id === '###' ? id : 'a new one')
  const text = JSON.stringify(value, (key, each: unknown) => {
    if (key === 'apns-request-id') return String(each).toLowerCase() === ID ? each : 'some id'
    if (key === 'apns-channel-id' || key === 'channelId' || key === 'channel')
      return typeof each === 'string' ? named(each) : each
    if (key === 'channels' && Array.isArray(each)) return each.map(named)
    return each instanceof Error ? `error: ${each.message.split(/[:;,]/)[0]}` : each
  })
  return JSON.parse(text)
}
