import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Feedback, Message } from 'apns-worker'
import { readVectors } from './support/vectors.js'

interface FrameVector {
  readonly token: string
  readonly payload: object
  readonly expiration: number | null
  readonly priority: number | null
  readonly ident: number | null
  readonly frame: string
}

interface FeedbackVector {
  readonly bytes: string
  readonly items: readonly { readonly token: string; readonly when: number }[]
  readonly remainder: string
}

const frames = readVectors<FrameVector[]>('seed/frames.json')
const feedbacks = readVectors<FeedbackVector[]>('seed/feedback.json')
after(() => console.log(`vectors: ${frames.length} frames, ${feedbacks.length} feedback streams`))

for (const [index, vector] of frames.entries()) {
  test(`a frame has the original's bytes, ${index}`, () => {
    const message = new Message([vector.token], vector.payload, {
      expiration: vector.expiration ?? undefined,
      priority: vector.priority ?? undefined,
    })
    const [notification] = message.notifications(vector.ident === null ? undefined : [vector.ident])
    assert.equal(notification?.token, vector.token)
    assert.equal(notification.ident, vector.ident ?? undefined)
    assert.equal(Buffer.from(notification.frame()).toString('hex'), vector.frame)
  })
}

for (const [index, vector] of feedbacks.entries()) {
  test(`feedback is parsed as the original does, ${index}`, () => {
    let remainder: Uint8Array = Buffer.from(vector.bytes, 'hex')
    const items: { token: string; when: number }[] = []
    for (;;) {
      const [feedback, rest] = Feedback.parse(remainder)
      remainder = rest
      if (feedback === undefined) break
      items.push({ token: feedback.token, when: feedback.when.getTime() / 1000 })
      assert.equal(feedback.reason, undefined)
    }
    assert.deepEqual(items, vector.items)
    assert.equal(Buffer.from(remainder).toString('hex'), vector.remainder)
  })
}
