import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import {
  type ApnsManager,
  AppManagers,
  Message,
  type MessageOptions,
  PUSH_TYPES,
  type PushType,
} from 'apns-worker'
import { failOnLeaks } from '../../support/leaks.js'
import { Sender, tokensOf } from '../../support/sender.js'
import { within } from '../../support/within.js'

failOnLeaks()

const VOIP = 'com.example.app.voip'
const WAYS = ['a manager', 'one of many apps'] as const
const LIVE = { aps: { event: 'update', timestamp: 1_700_000_000, 'content-state': {} } }

/** A manager whose topic has a suffix, made in either way, and what a message becomes. */
class Suffixed implements AsyncDisposable {
  readonly #owner: Sender | AppManagers
  readonly #apns: Simulator
  readonly manager: ApnsManager

  constructor(apns: Simulator, way: (typeof WAYS)[number], topic: string) {
    this.#apns = apns
    const { credentials, environment } = apns
    if (way === 'a manager') {
      this.#owner = new Sender(apns, { topic })
      this.manager = this.#owner.apns
    } else {
      const defaults = { ...credentials, environment }
      this.#owner = new AppManagers({ apps: { [topic]: {}, 'com.example.other': {} }, defaults })
      this.manager = this.#owner.get(topic)
    }
  }

  async sent(payload: object, options: MessageOptions = {}): Promise<string> {
    const message = new Message(tokensOf(1), payload, options)
    await within(this.manager.sendMessage(message).done(), () => 'it does not settle')
    const received = this.#apns.received.at(-1)
    return `${received?.pushType} ${received?.topic} ${received?.status}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owner[Symbol.asyncDispose]()
  }
}

for (const way of WAYS) {
  describe(`the suffix of the topic of ${way}`, () => {
    it('and a push type that was merely guessed do not disagree: nothing is sent', async () => {
      await using apns = await startSimulator()
      await using app = new Suffixed(apns, way, VOIP)
      for (const payload of [
        { aps: { alert: 'a' } },
        { aps: { 'content-available': 1 } },
        LIVE,
        { mdm: 'magic' },
      ])
        await assert.rejects(app.sent(payload), {
          name: 'MessageError',
          code: 'BAD_TOPIC',
          message:
            /^topic com\.example\.app\.voip, the manager's, has the suffix of push type voip, .* looks like \w+: name it/,
        })
      assert.throws(() => app.manager.sendAps(tokensOf(1), { alert: 'a' }), { code: 'BAD_TOPIC' })
      assert.deepEqual([app.manager.stats().queued, apns.received.length], [0, 0])
    })

    it('goes with the push type that was named', async () => {
      await using apns = await startSimulator()
      await using app = new Suffixed(apns, way, VOIP)
      assert.equal(await app.sent({ caller: 'Ada' }, { pushType: 'voip' }), `voip ${VOIP} 200`)
      // The bundle id itself may end so.
      assert.equal(
        await app.sent(LIVE, { pushType: 'liveactivity' }),
        `liveactivity ${VOIP}.push-type.liveactivity 200`,
      )
      app.manager.sendMessage(new Message([], { aps: { alert: 'a' } }, { pushType: 'alert' }))
    })

    it('is of no concern to a message with a topic of its own', async () => {
      await using apns = await startSimulator()
      await using app = new Suffixed(apns, way, VOIP)
      assert.equal(
        await app.sent({ aps: { alert: 'a' } }, { topic: 'com.example.app' }),
        'alert com.example.app 200',
      )
      assert.equal(await app.sent({ aps: {} }, { topic: VOIP }), `voip ${VOIP} 200`)
    })

    it('and a guess that agree are sent', async () => {
      await using apns = await startSimulator()
      const topic = 'com.example.app.push-type.liveactivity'
      await using app = new Suffixed(apns, way, topic)
      assert.equal(await app.sent(LIVE), `liveactivity ${topic} 200`)
    })

    it('is looked for among those of all push types', async () => {
      await using apns = await startSimulator()
      for (const [pushType, { topicSuffix }] of Object.entries(PUSH_TYPES) as [
        PushType,
        { topicSuffix: string },
      ][]) {
        await using app = new Suffixed(apns, way, `com.example.app${topicSuffix}`)
        const message = new Message([], { aps: { alert: 'a' } })
        if (topicSuffix === '') app.manager.sendMessage(message)
        else
          assert.throws(() => app.manager.sendMessage(message), {
            message: new RegExp(`suffix of push type ${pushType},`),
          })
      }
    })
  })
}
