import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failOnLeaks } from '../../support/leaks.js'
import { answer, answerWithBody, startScriptedServer } from '../../support/scripted-server.js'
import { Sender, tokensOf } from '../../support/sender.js'
import { startNodeServer } from '../../support/test-servers.js'

failOnLeaks()

const REFUSAL = '{"reason":"Unregistered","timestamp":1454948015990}'

interface Odd {
  readonly status: number
  readonly pieces: readonly (string | Buffer)[]
  readonly reason: string
  readonly code?: 'refused' | 'unknown'
  /** What of the answer is in the error's text. */
  readonly text?: RegExp
}

const ODD_ANSWERS: Readonly<Record<string, Odd>> = {
  'a 500 without a body': { status: 500, pieces: [], reason: 'HTTP 500' },
  'a 503 with an empty body': { status: 503, pieces: [''], reason: 'HTTP 503' },
  'a 502 with a proxy’s HTML': {
    status: 502,
    pieces: ['<html><h1>Bad', ' Gateway</h1></html>'],
    reason: 'HTTP 502',
    text: /Bad Gateway/,
  },
  'a 504 with pages of HTML, of which the start is kept': {
    status: 504,
    pieces: Array(3).fill('x'.repeat(16_384)),
    reason: 'HTTP 504',
    text: /x{200}…/,
  },
  'a body that never ends': {
    status: 200,
    pieces: Array(8).fill('x'.repeat(16_384)),
    reason: 'RequestReset',
    code: 'unknown',
  },
  'a 410 in single bytes': { status: 410, pieces: REFUSAL.split(''), reason: 'Unregistered' },
  'a 410 with empty frames in between': { status: 410, pieces: ['', REFUSAL, ''], reason: 'Unregistered' },
  'a 410 without a body': { status: 410, pieces: [], reason: 'HTTP 410' },
  'a 400 with half of the JSON': {
    status: 400,
    pieces: ['{"reason":"Bad'],
    reason: 'HTTP 400',
    text: /\{.{0,2}"reason/,
  },
  'a 400 with a reason of an unheard-of kind': {
    status: 400,
    pieces: ['{"reason":"BadWeather"}'],
    reason: 'BadWeather',
  },
  'a 400 whose reason is a number': {
    status: 400,
    pieces: ['{"reason":42}'],
    reason: 'HTTP 400',
    text: /42/,
  },
  'a 400 with the reason "constructor"': {
    status: 400,
    pieces: ['{"reason":"constructor"}'],
    reason: 'constructor',
  },
  'a 400 with the reason "__proto__"': {
    status: 400,
    pieces: ['{"reason":"__proto__"}'],
    reason: '__proto__',
  },
  'a 503 with the reason "hasOwnProperty"': {
    status: 503,
    pieces: ['{"reason":"hasOwnProperty"}'],
    reason: 'hasOwnProperty',
  },
  'a 400 with a key "__proto__"': {
    status: 400,
    pieces: ['{"__proto__":{"reason":"Unregistered"}}'],
    reason: 'HTTP 400',
  },
  'a 400 that is not UTF-8': { status: 400, pieces: [Buffer.of(0xff, 0xfe, 0x80)], reason: 'HTTP 400' },
  'a 418': { status: 418, pieces: ['short and stout'], reason: 'HTTP 418', text: /short and stout/ },
  'a 301': { status: 301, pieces: [], reason: 'HTTP 301' },
  'a 204': { status: 204, pieces: [], reason: 'HTTP 204' },
  'a 599': { status: 599, pieces: [], reason: 'HTTP 599' },
}

describe('an answer that Apple would not give', () => {
  for (const [what, { status, pieces, reason, code = 'refused', text }] of Object.entries(ODD_ANSWERS)) {
    it(`such as ${what} is an outcome that says so`, async () => {
      await using server = await startScriptedServer({
        requested: (connection, streamId) => {
          if (streamId === 5) connection.send(answerWithBody(streamId, status, ...pieces))
          else connection.send(answer(streamId))
        },
      })
      await using sender = new Sender(server, { maxAttempts: 1 })
      const outcomes = await sender.outcomes(sender.send(6))
      const odd = outcomes.filter((outcome) => outcome.status !== 'accepted')
      assert.deepEqual(
        odd.map((outcome) => [outcome.token, outcome.status, outcome.error?.reason]),
        [[tokensOf(6)[2], code, reason]],
      )
      const error = odd[0]?.error
      assert.equal(error?.httpStatus, code === 'unknown' ? undefined : status)
      assert.ok(error?.description !== '' && error?.message.startsWith(reason))
      if (text !== undefined) assert.match(error?.description ?? '', text)
      assert.equal(server.connections, 1)
    })
  }

  it('such as one with trailers, and with interim answers before it, counts like any other', async () => {
    await using server = await startNodeServer(({ stream }) => {
      stream.additionalHeaders({ ':status': 103 })
      stream.additionalHeaders({ ':status': 100 })
      const isGone = stream.id === 5
      stream.respond({ ':status': isGone ? 410 : 200, server: 'proxy' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': '0', 'retry-after': '5' }))
      stream.end(isGone ? REFUSAL : 'fine')
    })
    await using sender = new Sender(server)
    const outcomes = await sender.outcomes(sender.send(6))
    assert.equal(outcomes.filter(({ status }) => status === 'accepted').length, 5)
    assert.deepEqual(sender.errors[0]?.timestamp, new Date(1_454_948_015_990))
  })
})

describe('a dead token without a time', () => {
  it('is taken for dead since the answer', async () => {
    await using server = await startScriptedServer({
      requested: (connection, streamId) =>
        connection.send(answerWithBody(streamId, 410, '{"reason":"ExpiredToken"}')),
    })
    await using sender = new Sender(server)
    sender.apns.getFeedback((feedback) => sender.feedback.push(feedback))
    const startMs = Date.now()
    const [outcome] = await sender.outcomes(sender.send(1))
    const [feedback] = sender.feedback
    assert.equal(outcome?.error?.timestamp, undefined)
    assert.equal(feedback?.reason, 'ExpiredToken')
    assert.ok(feedback.when.getTime() >= startMs && feedback.when.getTime() <= Date.now())
  })
})

describe('a status without a reason', () => {
  it('is no feedback: only Apple’s word makes a token dead', async () => {
    await using server = await startScriptedServer({
      requested: (connection, streamId) => connection.send(answer(streamId, 410)),
    })
    await using sender = new Sender(server)
    sender.apns.getFeedback((feedback) => sender.feedback.push(feedback))
    await sender.outcomes(sender.send(5))
    assert.deepEqual(sender.feedback, [])
  })
})
