import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { FeedbackBox } from '#src/backend/http2/feedback-box.js'

const MAX_UNREAD = 100_000
const WHEN = new Date(0)

interface Box {
  readonly box: FeedbackBox
  readonly logged: string[]
  add(...tokens: readonly string[]): void
}

function makeBox(): Box {
  const logged: string[] = []
  const log = (message: string): void => {
    logged.push(message)
  }
  const box = new FeedbackBox({ debug: log, info: log, warn: log, error: log })
  const add = (...tokens: readonly string[]): void => {
    for (const token of tokens) box.add(token, WHEN, 'Unregistered')
  }
  return { box, logged, add }
}

describe('the feedback box', () => {
  it('tells each subscriber, at once', () => {
    const { box, add } = makeBox()
    const first: string[] = []
    const second: string[] = []
    box.subscribe(({ token }) => first.push(token))
    box.subscribe(({ token }) => second.push(token))
    add('a', 'b')
    assert.deepEqual(
      [first, second],
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
    )
  })

  it('keeps what comes while nobody listens for the first who does, in order, and only for that one', async () => {
    const { box, add } = makeBox()
    add('a', 'b')
    const first: string[] = []
    const second: string[] = []
    box.subscribe(({ token }) => first.push(token))
    box.subscribe(({ token }) => second.push(token))
    assert.deepEqual(first, [], 'not before the caller has its subscription')
    await turn()
    assert.deepEqual([first, second], [['a', 'b'], []])
  })

  it('keeps what a subscriber did not take because it cancelled in between', async () => {
    const { box, add } = makeBox()
    add('a', 'b', 'c')
    const first: string[] = []
    const subscription = box.subscribe(({ token }) => {
      first.push(token)
      subscription.cancel()
    })
    await turn()
    const second: string[] = []
    box.subscribe(({ token }) => second.push(token))
    await turn()
    assert.deepEqual([first, second], [['a'], ['b', 'c']])
  })

  it('takes the same callback twice, and cancels one of them', () => {
    const { box, add } = makeBox()
    const heard: string[] = []
    const callback = ({ token }: { token: string }): number => heard.push(token)
    const first = box.subscribe(callback)
    box.subscribe(callback)
    first.cancel()
    first.cancel()
    add('a')
    assert.deepEqual(heard, ['a'])
  })

  it('lets a subscriber cancel, and another come, while it is told', () => {
    const { box, add } = makeBox()
    const heard: string[] = []
    const subscription = box.subscribe(({ token }) => {
      heard.push(`first ${token}`)
      subscription.cancel()
      box.subscribe((feedback) => heard.push(`second ${feedback.token}`))
    })
    add('a', 'b')
    assert.deepEqual(heard, ['first a', 'second b'])
  })

  it('survives callbacks that throw or reject, and logs what they did', async () => {
    const { box, add, logged } = makeBox()
    const heard: string[] = []
    box.subscribe(() => {
      throw new Error('thrown')
    })
    box.subscribe(async () => {
      throw new Error('rejected')
    })
    box.subscribe(({ token }) => heard.push(token))
    add('a')
    await turn()
    assert.deepEqual(heard, ['a'])
    assert.deepEqual(
      logged.map((message) => /thrown|rejected/.exec(message)?.[0]),
      ['thrown', 'rejected'],
    )
  })

  it('keeps a hundred thousand unread ones, then lets the oldest go', async () => {
    const { box } = makeBox()
    for (let index = 0; index < MAX_UNREAD + 5; index++) box.add(String(index), WHEN, 'Unregistered')
    const heard: string[] = []
    box.subscribe(({ token }) => heard.push(token))
    await turn()
    assert.equal(heard.length, MAX_UNREAD)
    assert.equal(heard[0], '5')
    assert.equal(heard.at(-1), String(MAX_UNREAD + 4))
  })
})
