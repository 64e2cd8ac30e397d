import type { Rule, Simulator, SimulatorOptions } from '@apns-worker/simulator'
import type { ProviderOptions, Responses } from 'apns-worker/node-apn'
import type { Build, NodeApn } from './notification-cases.js'

type Provider = InstanceType<NodeApn['Provider']>

/** Something that a program does with a provider, and a simulator that answers. */
export interface SendCase {
  readonly simulator?: SimulatorOptions
  readonly rules?: readonly Rule[]
  /** Options of the provider's, beside those that lead to the simulator. */
  readonly options?: (apns: Simulator) => ProviderOptions
  /** What is sent. */
  readonly note?: Build
  readonly to?: string | readonly string[]
  /** In place of sending `note` once. */
  readonly run?: (provider: Provider, apn: NodeApn, apns: Simulator) => Promise<unknown>
  /** Where ours does better; the answers of both are tested, and documented. */
  readonly better?: true
}

export const TOPIC = 'com.example.app'
const A = 'aa'.repeat(32)
const B = 'bb'.repeat(32)
const C = 'cc'.repeat(32)
const ID = '9d3220fe-444b-633e-d1f1-5d0dcb4f537a'

function note(properties: object = {}): Build {
  return ({ Notification }) =>
    new Notification({ topic: TOPIC, alert: 'hello', pushType: 'alert', ...properties })
}

function pushTypes(): [string, SendCase][] {
  const cases: [pushType: string, suffix: string, properties: object][] = [
    ['complication', '.complication', { payload: { a: 1 } }],
    ['controls', '.push-type.controls', { rawPayload: { aps: { 'content-changed': true } } }],
    ['fileprovider', '.pushkit.fileprovider', { rawPayload: { 'container-identifier': 'c', domain: 'd' } }],
    [
      'liveactivity',
      '.push-type.liveactivity',
      { event: 'update', timestamp: 1_700_000_000, contentState: { a: 1 } },
    ],
    ['location', '.location-query', { rawPayload: { aps: {} } }],
    ['mdm', '', { mdm: 'magic' }],
    ['pushtotalk', '.voip-ptt', { expiry: 0, payload: { speaker: 'Ann' } }],
    ['voip', '.voip', { expiry: 0, payload: { call: 7 } }],
    ['widgets', '.push-type.widgets', { contentChanged: true, alert: undefined }],
  ]
  return cases.map(([pushType, suffix, properties]) => [
    `push type ${pushType}`,
    { note: note({ pushType, topic: TOPIC + suffix, ...properties }) },
  ])
}

const later = (status: number, reason: string, times?: number): Rule => ({
  status,
  reason,
  ...(times === undefined ? {} : { times }),
})

/** By name. */
export const SEND_CASES: ReadonlyMap<string, SendCase> = new Map<string, SendCase>([
  ['one device', { to: A }],
  ['one device in a list', { to: [A] }],
  ['several devices', { to: [A, B, C] }],
  ['no device', { to: [] }],
  ['a token in capitals', { to: [A.toUpperCase(), B] }],
  ['a token twice', { to: [A, A, B] }],
  [
    'every header',
    {
      note: note({
        id: ID,
        collapseId: 'c',
        expiry: 4_000_000_000,
        priority: 5,
        requestId: ID,
        threadId: 't',
      }),
    },
  ],
  ['no push type', { note: note({ pushType: undefined }) }],
  ['expiry 0', { note: note({ expiry: 0 }) }],
  ['an expiry that has passed', { note: note({ expiry: 3600 }), better: true }],
  ['an expiry in milliseconds', { note: note({ expiry: 1_900_000_000_000 }), better: true }],
  [
    'a background push',
    { note: note({ pushType: 'background', alert: undefined, contentAvailable: 1, priority: 5 }) },
  ],
  [
    'a background push with the priority that is node-apn’s own',
    { note: note({ pushType: 'background', alert: undefined, contentAvailable: 1 }), better: true },
  ],
  [
    'a silent push without push type',
    { note: note({ pushType: undefined, alert: undefined, contentAvailable: 1 }), better: true },
  ],
  ...pushTypes(),
  ['a topic without its suffix', { note: note({ pushType: 'voip' }), better: true }],
  ['a topic with another’s suffix', { note: note({ topic: `${TOPIC}.voip` }) }],
  ['no topic', { note: note({ topic: undefined }), to: [A, B] }],
  ['an impossible topic', { note: note({ topic: 'com.example/app' }) }],
  ['a topic that there is not', { simulator: { topics: ['com.example.other'] }, to: [A, B] }],
  ['a push type that there is not', { note: note({ pushType: 'nonsense' }) }],
  ['an impossible priority', { note: note({ priority: 7 }) }],
  ['a collapse id of 65 bytes', { note: note({ collapseId: 'x'.repeat(65) }) }],
  ['an id that is no UUID', { note: note({ id: 'one' }) }],
  ['an id in capitals', { note: note({ id: ID.toUpperCase() }), better: true }],
  ['a payload that is too large', { note: note({ payload: { text: 'x'.repeat(5000) } }), to: [A, B] }],
  [
    'a Live Activity with an alert of text, and little else',
    { note: note({ pushType: 'liveactivity', topic: `${TOPIC}.push-type.liveactivity`, event: 'update' }) },
  ],
  [
    'values of other types than Apple’s',
    { note: note({ rawPayload: { aps: { badge: '3', alert: 7, sound: [] } } }) },
  ],
  [
    'no payload',
    { note: ({ Notification }) => new Notification({ topic: TOPIC, rawPayload: {} }), better: true },
  ],
  ['tokens that are none', { to: ['', A, 'xyz', 'abc', `${B}zz`, 'd'.repeat(202)] }],
  ['a token with a space in it', { to: ['a b', A], better: true }],
  ['a dead token', { rules: [{ token: B, unregistered: 1_700_000_000_123 }], to: [A, B, C] }],
  ['a token of the other environment', { rules: [{ token: B, badDeviceToken: true }], to: [A, B] }],
  ['a token of another app', { rules: [{ token: B, registeredFor: ['com.example.other'] }], to: [A, B] }],
  ['nothing but bad tokens', { rules: [{ badDeviceToken: true }], to: [A, B, C] }],
  ['a server that is busy once', { rules: [later(503, 'ServiceUnavailable', 1)] }],
  ['too many requests, twice', { rules: [later(429, 'TooManyRequests', 2)] }],
  ['an internal error, three times', { rules: [later(500, 'InternalServerError', 3)] }],
  ['a server that is busy', { rules: [later(503, 'ServiceUnavailable')] }],
  ['an internal error', { rules: [later(500, 'InternalServerError')], better: true }],
  ['an answer that is none of Apple’s', { rules: [{ status: 418, body: '<html>' }], better: true }],
  ['a refusal that nobody knows', { rules: [{ status: 400, reason: 'SomethingNew' }] }],
  [
    'a key that is not known',
    {
      options: ({ credentials }) => ({ token: { ...credentials, keyId: 'XXXXXXXXXX' } }),
      to: [A, B],
    },
  ],
  [
    'a provider token that has expired',
    {
      run: async (provider, apn, apns) => {
        const first = await provider.send(note()(apn), A)
        apns.rejectProviderTokens()
        return both(first, await provider.send(note()(apn), B))
      },
    },
  ],
  [
    'a client certificate',
    {
      options: (apns) => {
        const { cert, key } = apns.clientCertificate({ topics: [TOPIC] })
        return { token: undefined, cert, key }
      },
      to: [A, B],
    },
  ],
  [
    'a PKCS#12 file',
    {
      options: (apns) => {
        const { pfx, passphrase } = apns.clientCertificate({ topics: [TOPIC], passphrase: 'secret' })
        return { token: undefined, pfx, passphrase }
      },
    },
  ],
  [
    'another certificate’s topic',
    {
      options: (apns) => {
        const { cert, key } = apns.clientCertificate({ topics: ['com.example.other'] })
        return { token: undefined, cert, key }
      },
    },
  ],
  ['an authority that is not trusted', { options: () => ({ ca: undefined }), to: [A, B] }],
  [
    'an authority that need not be trusted',
    { options: () => ({ ca: undefined, rejectUnauthorized: false }) },
  ],
  ['nobody at the port', { options: () => ({ port: 1 }), to: [A, B] }],
  [
    'no answer',
    { rules: [{ silent: true }], options: () => ({ requestTimeout: 1000, connectionRetryLimit: 0 }) },
  ],
  [
    'a stream that is reset',
    { rules: [{ reset: 'INTERNAL_ERROR' }], options: () => ({ connectionRetryLimit: 0 }) },
  ],
  ['a connection that is cut once', { rules: [{ disconnect: true, times: 1 }], better: true }],
  [
    'two notifications at a time',
    {
      run: async (provider, apn) => {
        const answers = await Promise.all([
          provider.send(note({ badge: 1 })(apn), A),
          provider.send(note()(apn), [B, C]),
        ])
        return both(...answers)
      },
    },
  ],
  [
    'a notification that is changed and sent again',
    {
      run: async (provider, apn) => {
        const one = note()(apn)
        const first = await provider.send(one, A)
        one.alert = 'changed'
        return both(first, await provider.send(one, B))
      },
      better: true,
    },
  ],
  [
    'several connections',
    {
      run: async (_provider, apn, apns) => {
        const multi = new apn.MultiProvider({ ...optionsFor(apns), clientCount: 3 })
        const responses = await multi.send(note()(apn), [A, B, C])
        await new Promise<void>((resolve) => void multi.shutdown(resolve))
        return responses
      },
    },
  ],
  [
    'sending after the end',
    {
      run: async (provider, apn) => {
        await new Promise<void>((resolve) => void provider.shutdown(resolve))
        return provider.send(note()(apn), [A, B])
      },
    },
  ],
  [
    'a payload that is no JSON',
    {
      run: async (provider, apn) => {
        const round: Record<string, unknown> = {}
        round['itself'] = round
        return provider.send(note({ payload: round })(apn), A).then(
          () => ({ sent: [], failed: [{ device: 'resolved' }] }),
          (error: unknown) => ({
            sent: [],
            failed: [{ device: error instanceof TypeError ? 'TypeError' : 'rejected' }],
          }),
        )
      },
    },
  ],
])

function both(...answers: readonly Responses<unknown, unknown>[]): Responses<unknown, unknown> {
  return { sent: answers.flatMap(({ sent }) => sent), failed: answers.flatMap(({ failed }) => failed) }
}

function optionsFor({ host, port, ca, credentials }: Simulator): ProviderOptions {
  return { token: credentials, address: host, port, ca }
}

/** What became of one device. */
interface Answer {
  device: string
  'apns-id'?: string
  status?: number
  response?: object
  error?: string
}

/** What came of a case: the answers, and what the simulator has accepted. */
export interface SendResult {
  readonly answers: { readonly sent: readonly Answer[]; readonly failed: readonly Answer[] }
  readonly accepted: readonly Readonly<Record<string, unknown>>[]
}

/**
 * Lets node-apn, or ours, do what the case says.
 *
 * @param end shuts the provider down
 */
export async function play(
  apn: NodeApn,
  { options, note: build = note(), to = A, run, rules }: SendCase,
  apns: Simulator,
  end: (provider: Provider) => Promise<unknown>,
): Promise<SendResult> {
  for (const rule of rules ?? []) apns.reply(rule)
  const provider = new apn.Provider({ ...optionsFor(apns), ...options?.(apns) })
  try {
    const answers = await (run?.(provider, apn, apns) ?? provider.send(build(apn), to))
    return { answers: plain(answers), accepted: plain(acceptedBy(apns)) }
  } finally {
    await end(provider)
  }
}

function acceptedBy(apns: Simulator): unknown[] {
  const accepted = apns.received.filter(({ status }) => status === 200)
  const seen = accepted.map(({ token, topic, pushType, headers, payload }) => ({
    token: token.toLowerCase(),
    topic,
    // As Apple takes them where they are not said.
    pushType: pushType ?? 'alert',
    priority: headers.get('apns-priority') ?? '10',
    expiration: headers.get('apns-expiration'),
    collapseId: headers.get('apns-collapse-id'),
    payload,
  }))
  return seen.sort((one, other) => (one.token < other.token ? -1 : 1))
}

/** As JSON has it. Ids that nobody chose become a word, and errors the first words of their message. */
function plain<T>(value: unknown): T {
  const text = JSON.stringify(value, (key, each: unknown) => {
    if (key === 'apns-id') return String(each).toLowerCase() === ID ? each : 'some id'
    return each instanceof Error ? `error: ${each.message.split(/[:;,]/)[0]}` : each
  })
  // Its callers know what they put in.
  return JSON.parse(text) as T
}
