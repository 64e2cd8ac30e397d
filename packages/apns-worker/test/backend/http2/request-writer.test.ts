import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Message, MessageError, type MessageErrorCode, type MessageOptions } from 'apns-worker'
import { checkForProviderApi } from '#src/backend/http2/request-writer.js'
import { authorityOf } from '#src/backend/http2/target.js'

const TOPIC = 'com.example.app'

interface Case {
  readonly options?: MessageOptions
  readonly payload?: object
  readonly topic?: string | undefined
  readonly topics?: readonly string[]
  readonly topicRequired?: boolean
}

function check({
  options = {},
  payload = { aps: {} },
  topics = [],
  topicRequired = true,
  ...rest
}: Case): void {
  const topic = 'topic' in rest ? rest.topic : TOPIC
  checkForProviderApi(new Message([], payload, options), topic, topics, topicRequired)
}

function refuses(what: Case, code: MessageErrorCode, message: RegExp): void {
  assert.throws(
    () => check(what),
    (error) => {
      assert.ok(error instanceof MessageError)
      assert.equal(error.code, code)
      assert.match(error.message, message)
      return true
    },
  )
}

describe('what the provider API refuses', () => {
  for (const priority of [10, 5, 1]) {
    it(`is not priority ${priority}`, () => check({ options: { priority } }))
  }

  for (const priority of [0, 2, 3, 255]) {
    it(`is priority ${priority}`, () => {
      refuses({ options: { priority } }, 'BAD_PRIORITY', /takes 10, 5, 1$/)
    })
  }

  it('is priority 10 for a payload that is a background push', () => {
    const payload = { aps: { 'content-available': 1 } }
    refuses({ options: { priority: 10 }, payload }, 'BAD_PRIORITY', /push type background; .* takes 5$/)
    check({ options: { priority: 5 }, payload })
    check({ payload })
  })

  it('is a message without a topic, unless a certificate names its only one', () => {
    refuses({ topic: undefined }, 'BAD_TOPIC', /there is no topic/)
    check({ topic: undefined, topics: [TOPIC], topicRequired: false })
  })

  it('is a topic that the certificate does not name', () => {
    const topics = [TOPIC, `${TOPIC}.voip`]
    refuses(
      { topic: 'com.example.other', topics },
      'BAD_TOPIC',
      /com\.example\.app, com\.example\.app\.voip$/,
    )
    check({ topic: `${TOPIC}.voip`, topics })
  })

  it('is no topic at all for a certificate that names none', () =>
    check({ topic: 'com.example.other', topics: [] }))
})

describe('the authority of a request', () => {
  const cases: readonly [string, number, string][] = [
    ['api.push.apple.com', 443, 'api.push.apple.com'],
    ['api.push.apple.com', 2197, 'api.push.apple.com:2197'],
    ['127.0.0.1', 8443, '127.0.0.1:8443'],
    ['::1', 443, '[::1]'],
    ['::1', 8443, '[::1]:8443'],
  ]
  for (const [host, port, authority] of cases) {
    it(`of ${host}, port ${port} is ${authority}`, () => assert.equal(authorityOf({ host, port }), authority))
  }
})
