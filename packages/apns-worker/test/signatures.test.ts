// What tools and tests outside the project rely on. The compiler is the test: this file says what has to be assignable
// to what; running it says that the names exist.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as library from 'apns-worker'
import {
  ApnsError,
  ApnsManager,
  type ApnsManagerOptions,
  Backend,
  type BackendClass,
  type BackendOptions,
  type CloseReport,
  type Delivery,
  type DeliveryReport,
  Feedback,
  type loadBackend,
  Message,
  type Notification,
  NotificationQueue,
  type Outcome,
  type QueueLock,
  type StreamOutcome,
  type Subscription,
} from 'apns-worker'
import { ScriptedBackend, tokens } from './support/test-backends.js'

/** Compiles only if the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<_T extends true>(): void {}

class MyBackend extends Backend {
  constructor(options: BackendOptions) {
    super(options)
    options satisfies { readonly queue: NotificationQueue }
  }
  override start(): void {}
  override async stop(): Promise<void> {}
  override queueNotify(): void {}
  override startFeedback(_callback: (feedback: Feedback) => unknown): undefined {}
}

test('what a manager takes', () => {
  const options = {
    keyPath: 'AuthKey.p8',
    keyId: 'ABCDE12345',
    teamId: 'TEAM123456',
    topic: 'com.example.app',
    environment: { host: 'localhost', port: 2197, ca: 'pem' },
    errorHandler: (error: ApnsError) => error.reason,
    maxConnections: 4,
    connectTimeout: 0.5,
    requestTimeout: 1.5,
    maxAttempts: 3,
    retryDelay: 0.1,
    messageGrace: 5,
    logger: console,
    backend: MyBackend,
  } satisfies ApnsManagerOptions
  ;({ keyPath: 'k', certPath: 'c', passphrase: 'p', environment: 'sandbox' }) satisfies ApnsManagerOptions
  ;({ pfxPath: 'p', passphrase: 'p', environment: 'production' }) satisfies ApnsManagerOptions
  ;({ key: 'pem', cert: Buffer.from('pem') }) satisfies ApnsManagerOptions
  ;({ pfx: Buffer.from('der') }) satisfies ApnsManagerOptions
  ;({ errorHandler: undefined, topic: undefined, backend: undefined }) satisfies ApnsManagerOptions
  // @ts-expect-error there is no such environment
  ;({ environment: 'development' }) satisfies ApnsManagerOptions
  // @ts-expect-error no such option
  ;({ key_path: 'k' }) satisfies ApnsManagerOptions
  assert.ok(new ApnsManager(options))
})

test('what a manager does', async () => {
  const apns = new ApnsManager({ backend: ScriptedBackend })
  const message = new Message([], { aps: {} })
  same<Same<ReturnType<typeof apns.sendMessage>, Delivery>>()
  same<Same<ReturnType<typeof apns.sendAps>, Delivery>>()
  apns.sendAps([], { alert: 'a', badge: 1, sound: 's', contentAvailable: true, category: 'c' })
  apns.sendAps(new Set<string>(), { alert: { title: 't' } }, { expiration: new Date(), priority: 10 })
  // @ts-expect-error no such key
  assert.throws(() => apns.sendAps([], { bagde: 1 }))
  same<Same<ReturnType<typeof apns.flushMessages>, Promise<void>>>()
  same<Same<ReturnType<typeof apns.getFeedback>, Subscription>>()
  same<Same<ReturnType<typeof apns.close>, Promise<CloseReport>>>()
  apns.getFeedback(({ token, when, reason }) => {
    token satisfies string
    when satisfies Date
    reason satisfies string | undefined
  }).cancel satisfies () => void
  const { queued, inFlight, accepted, refused, retried, connections } = apns.stats()
  for (const count of [queued, inFlight, accepted, refused, retried, connections]) count satisfies number

  const delivery = apns.sendMessage(message)
  const { total, succeeded, failed } = (await delivery.done()) satisfies DeliveryReport
  assert.deepEqual([total, succeeded, failed], [0, 0, 0])
  for await (const outcome of delivery) {
    outcome satisfies Outcome
    outcome.token satisfies string
    outcome.apnsId satisfies string
    outcome.error satisfies ApnsError | undefined
  }
  for await (const outcome of apns.stream([message])) {
    outcome satisfies StreamOutcome
    outcome.message satisfies Message
  }
  for await (const _outcome of apns.stream(
    (async function* () {
      yield message
    })(),
    { window: 10 },
  ));
  await apns.close({ timeout: 1.5 })
  apns satisfies AsyncDisposable
})

test('messages and notifications', () => {
  const message = new Message(tokens(2), { aps: {} }, { expiration: 1_700_000_000, priority: 5 })
  new Message(new Set(['ab']), { anything: [1] }, { expiration: new Date(), pushType: 'alert', topic: 'a.b' })
  new Message([], {}, { collapseId: 'c', ambiguous: 'drop', expiration: undefined })
  const idents = new Set([7, 8])
  for (const notification of message.notifications(idents)) {
    notification.token satisfies string
    notification.ident satisfies number | undefined
    notification.frame() satisfies Uint8Array
  }
  message.notifications() satisfies Iterable<Notification>
  // @ts-expect-error no such push type
  assert.throws(() => new Message([], {}, { pushType: 'loud' }))
})

test('the queue', () => {
  const queue = new NotificationQueue(5, { now: () => 0 })
  new NotificationQueue(Number.POSITIVE_INFINITY)
  queue.setBackend({ queueLock: (): QueueLock => ({ acquire() {}, release() {} }), queueNotify() {} })
  queue.append(new Message(tokens(2), { aps: {} }))
  const first = queue.claim() satisfies Notification | undefined
  assert.ok(first)
  same<Same<ReturnType<typeof queue.unclaim>, boolean>>()
  queue.unclaim(first)
  queue.claim()
  queue.backtrack(0) satisfies Notification | undefined
  queue.settle(first)
  same<Same<ReturnType<typeof queue.purgeExpired>, number>>()
  same<Same<ReturnType<typeof queue.hasUnclaimed>, boolean>>()
  same<Same<ReturnType<typeof queue.isEmpty>, boolean>>()
  const second = queue.claim()
  assert.ok(second)
  queue.requeue(second)
  queue.requeue(second, 1.5)
  const entries: Iterable<{ notification: Notification; claimed: boolean }> = queue.entries()
  assert.deepEqual(
    Array.from(entries, ({ notification, claimed }) => [notification.ident, claimed]),
    [[1, false]],
  )
})

test('errors, feedback and backends', async () => {
  const error = ApnsError.fromStatus(ApnsError.ERR_UNKNOWN)
  error satisfies Error
  error.status satisfies number
  error.description satisfies string
  error.token satisfies string | undefined
  error.reason satisfies string
  error.httpStatus satisfies number | undefined
  error.timestamp satisfies Date | undefined
  error.apnsId satisfies string | undefined
  error.action satisfies string
  const [feedback, remainder] = Feedback.parse(new Uint8Array())
  feedback satisfies Feedback | undefined
  remainder satisfies Uint8Array

  MyBackend satisfies BackendClass
  same<Same<ReturnType<typeof loadBackend>, Promise<BackendClass>>>()
  const backend = new MyBackend({ queue: new NotificationQueue(5), environment: 'sandbox', keyPath: 'k' })
  backend.queue satisfies NotificationQueue
  backend.keyPath satisfies string | undefined
  backend.certPath satisfies string | undefined
  backend.queueLock() satisfies QueueLock
  backend.deliveryError satisfies (error: ApnsError) => void
  await (backend.sleep(0) satisfies Promise<void>)
  assert.equal(backend.environment, 'sandbox')
})

test('the names that the package exports', () => {
  assert.deepEqual(Object.keys(library).toSorted(), [
    'ApnsError',
    'ApnsManager',
    'AppConfigurationError',
    'AppManagers',
    'Backend',
    'BinaryBackend',
    'BroadcastBackend',
    'BroadcastMessage',
    'ChannelError',
    'ChannelManager',
    'CredentialError',
    'Feedback',
    'Http2Backend',
    'LiveActivityError',
    'LiveActivitySession',
    'ManagerClosedError',
    'Message',
    'MessageError',
    'Notification',
    'NotificationQueue',
    'PUSH_TYPES',
    'REASONS',
    'channels',
    'classify',
    'explain',
    'fitAlert',
    'loadBackend',
    'loadCredentials',
    'packedTokens',
    'swiftDate',
  ])
})
