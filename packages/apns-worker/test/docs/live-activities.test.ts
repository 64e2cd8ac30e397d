import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import { explain } from 'apns-worker'
import { failOnLeaks } from '../support/leaks.js'
import { Sender, TOPIC, tokensOf } from '../support/sender.js'
import { compileExamples, type Example } from './code-blocks.js'

failOnLeaks()

const [TOKEN = ''] = tokensOf(1, 'abcdef')
const [START_TOKEN = ''] = tokensOf(1, 'fedcba')

/** What each section of the page sends: token, event, priority. */
const SENT: Readonly<Record<string, readonly string[]>> = {
  Start: ['fedcba start default'],
  Update: ['abcdef update 5'],
  End: ['abcdef end default'],
  'A session does the rest': ['fedcba start 10', 'abcdef update 10', 'abcdef end 10'],
  'Dates in your own content': ['abcdef update default'],
}

describe('the page on Live Activities', () => {
  let examples: Example[] = []
  before(async () => {
    examples = await compileExamples('live-activities.md')
  })

  it('has no example that is not tried here', () => {
    assert.deepEqual(
      examples.map(({ section }) => section),
      Object.keys(SENT),
    )
  })

  for (const [index, [section, sent]] of Object.entries(SENT).entries()) {
    it(`sends what it shows under "${section}"`, async () => {
      await using apns = await startSimulator()
      await using sender = new Sender(apns)
      await examples[index]?.run(sender.apns, TOKEN, START_TOKEN)
      await sender.apns.flushMessages()
      assert.deepEqual(sender.errors, [])
      const received = apns.received.toSorted(
        (one, other) => timestampOf(one.payload) - timestampOf(other.payload),
      )
      assert.deepEqual(
        received.map(({ token, payload, priority }) => {
          const { event } = apsOf(payload)
          return `${token.slice(0, 6)} ${String(event)} ${priority ?? 'default'}`
        }),
        sent,
      )
      assert.equal(
        new Set(received.map(({ payload }) => timestampOf(payload))).size,
        sent.length,
        'timestamps rise',
      )
      for (const { topic, payload, status } of received) {
        assert.equal(status, 200)
        assert.equal(topic, `${TOPIC}.push-type.liveactivity`)
        assert.deepEqual(explain({ payload: payload as object, priority: 5, topic: TOPIC }).findings, [])
      }
    })
  }
})

function apsOf(payload: unknown): Record<string, unknown> {
  return (payload as { aps: Record<string, unknown> }).aps
}

function timestampOf(payload: unknown): number {
  return Number(apsOf(payload)['timestamp'])
}
