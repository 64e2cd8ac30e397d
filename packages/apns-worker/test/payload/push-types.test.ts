import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ReceivedNotification, type Simulator, startSimulator } from '@apns-worker/simulator'
import {
  type CredentialOptions,
  Message,
  MessageError,
  type MessageOptions,
  type Payloads,
  PUSH_TYPES,
  type PushType,
} from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { Sender, TOPIC, tokensOf } from '../support/sender.js'

failOnLeaks()

const [TOKEN = ''] = tokensOf(1, 'abcdef')
const MDM_TOPIC = 'com.apple.mgmt.External.0a1b2c3d'

const PAYLOADS: Payloads = {
  alert: { aps: { alert: 'hello' } },
  background: { aps: { 'content-available': 1 } },
  complication: { temperature: 21 },
  controls: { aps: { 'content-changed': true } },
  fileprovider: { 'container-identifier': 'NSFileProviderWorkingSetContainerItemIdentifier', domain: 'd' },
  liveactivity: { aps: { event: 'update', timestamp: 1_700_000_000, 'content-state': {} } },
  location: { aps: {} },
  mdm: { mdm: 'magic' },
  pushtotalk: { aps: { 'ptt-push-type': 'service-update' } },
  voip: { caller: 'Ada' },
  widgets: { aps: { 'content-changed': true } },
}
/** Apple, "Sending notification requests to APNs": what goes behind the bundle id, how many bytes, which priorities. */
const APPLE: Readonly<
  Record<PushType, readonly [suffix: string, bytes: number, priorities: readonly number[]]>
> = {
  alert: ['', 4096, [10, 5, 1]],
  background: ['', 4096, [5]],
  complication: ['.complication', 4096, [10, 5, 1]],
  controls: ['.push-type.controls', 4096, [10, 5, 1]],
  fileprovider: ['.pushkit.fileprovider', 4096, [10, 5, 1]],
  liveactivity: ['.push-type.liveactivity', 4096, [10, 5]],
  location: ['.location-query', 4096, [10, 5]],
  mdm: ['', 4096, [10, 5, 1]],
  pushtotalk: ['.voip-ptt', 4096, [10, 5, 1]],
  voip: ['.voip', 5120, [10, 5, 1]],
  widgets: ['.push-type.widgets', 4096, [10, 5, 1]],
}
/** Those whose payload leaves no doubt. */
const TOLD_BY_PAYLOAD = new Set<PushType>([
  'alert',
  'background',
  'fileprovider',
  'liveactivity',
  'mdm',
  'pushtotalk',
])
const TYPES = Object.keys(APPLE) as PushType[]
const EXPIRATIONS = [undefined, 0, new Date(4_000_000_000_000)] as const

/** What the simulator receives of these, all of which it accepts. */
async function receivedOf(
  messages: readonly Message[],
  credentials: 'token' | 'certificate' = 'token',
): Promise<readonly ReceivedNotification[]> {
  await using apns = await startSimulator()
  await using sender = new Sender(apns, credentials === 'token' ? {} : certificateOf(apns))
  for (const message of messages) await sender.accepted(sender.sendMessage(message))
  return apns.received
}

function certificateOf(apns: Simulator): CredentialOptions {
  const topics = new Set([TOPIC, MDM_TOPIC, ...TYPES.map((type) => `${TOPIC}${APPLE[type][0]}`)])
  const { cert, key } = apns.clientCertificate({ topics: [...topics] })
  return { cert, key }
}

it('there are eleven push types', () => {
  assert.deepEqual(Object.keys(PUSH_TYPES).toSorted(), TYPES.toSorted())
  assert.equal(TYPES.length, 11)
})

for (const pushType of TYPES) {
  const [suffix, bytes, priorities] = APPLE[pushType]
  const payload = PAYLOADS[pushType]
  const ownTopic = pushType === 'mdm' ? MDM_TOPIC : TOPIC
  const make = (options: MessageOptions = {}): Message =>
    new Message([TOKEN], payload, {
      pushType,
      ...(pushType === 'mdm' ? { topic: MDM_TOPIC } : {}),
      ...options,
    })

  describe(`push type ${pushType}`, () => {
    it('goes to its topic, whether the suffix is given or not, on the message or the manager', async () => {
      const messages = [make(), make({ topic: ownTopic }), make({ topic: `${ownTopic}${suffix}` })]
      for (const { topic, pushType: sent, payload: body } of await receivedOf(messages)) {
        assert.equal(topic, `${ownTopic}${suffix}`)
        assert.equal(sent, pushType)
        assert.deepEqual(body, payload)
      }
    })

    it('has every kind of expiration: none, 0, and a date', async () => {
      const received = await receivedOf(EXPIRATIONS.map((expiration) => make({ expiration })))
      assert.deepEqual(
        received.map(({ headers }) => headers.get('apns-expiration')),
        [undefined, '0', '4000000000'],
      )
    })

    it('has the priorities that Apple allows, and by default one of them', async () => {
      const received = await receivedOf([make(), ...priorities.map((priority) => make({ priority }))])
      assert.deepEqual(
        received.map(({ priority }) => priority),
        [pushType === 'background' ? 5 : undefined, ...priorities],
      )
      for (const priority of [10, 5, 1].filter((each) => !priorities.includes(each)))
        assert.throws(() => make({ priority }), MessageError)
    })

    it(`has up to ${bytes} bytes`, async () => {
      const withBytes = (size: number): Message => {
        const missing = size - JSON.stringify({ ...payload, x: '' }).length
        return new Message([TOKEN], { ...payload, x: 'a'.repeat(missing) }, { pushType, topic: ownTopic })
      }
      const [received] = await receivedOf([withBytes(bytes)])
      assert.equal(received?.body.length, bytes)
      assert.throws(() => withBytes(bytes + 1), { code: 'PAYLOAD_TOO_LARGE' })
    })

    it(`is ${TOLD_BY_PAYLOAD.has(pushType) ? '' : 'not '}told from its payload, and stated in the outcome`, async () => {
      const message = new Message([TOKEN], payload, { topic: ownTopic })
      assert.equal(message.pushType, TOLD_BY_PAYLOAD.has(pushType) ? pushType : 'alert')
      await using apns = await startSimulator()
      await using sender = new Sender(apns)
      const [outcome] = await sender.outcomes(sender.sendMessage(make()))
      assert.equal(outcome?.pushType, pushType)
    })

    if (PUSH_TYPES[pushType].clientCertificate === true) {
      it('may be sent with a client certificate', async () => {
        const [received] = await receivedOf([make()], 'certificate')
        assert.equal(received?.authentication, 'certificate')
      })
    }
  })
}
