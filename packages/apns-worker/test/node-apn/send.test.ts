import assert from 'node:assert/strict'
import { before, describe, it, mock } from 'node:test'
import { startSimulator } from '@apns-worker/simulator'
import * as apn from 'apns-worker/node-apn'
import { failOnLeaks } from '../support/leaks.js'
import { StoppedClock } from '../support/stopped-clock.js'
import { readVectors } from '../support/vectors.js'
import { until, within } from '../support/within.js'
import { play, SEND_CASES, type SendCase, type SendResult, TOPIC } from './send-cases.js'

failOnLeaks()
// Retries are drawn at random, and are to be at once here.
before(() => void mock.method(Math, 'random', () => 0))

const { cases } = readVectors<{ cases: Record<string, SendResult> }>('node-apn/sends.json')

/** Where time has to pass. */
const NO_ANSWER = 'no answer'

async function ours(each: SendCase): Promise<SendResult> {
  await using apns = await startSimulator(each.simulator)
  return await within(
    play(apn, each, apns, (provider) => provider.shutdown()),
    () => 'it does not end',
  )
}

type Answers = SendResult['answers']

/** Where a request was not made, there is no id; and errors have their own words. */
function comparable({ sent, failed }: Answers): Answers {
  const failures = failed.map(({ device, status, response, error }) => ({
    device,
    ...(status === undefined ? {} : { status }),
    ...(response === undefined ? {} : { response }),
    ...(error === undefined ? {} : { error: 'error' }),
  }))
  return { sent, failed: failures }
}

describe('sending has the results that it has with node-apn', () => {
  it('in as many cases as were recorded', () => {
    assert.deepEqual([...SEND_CASES.keys()], Object.keys(cases))
  })

  for (const [name, each] of SEND_CASES) {
    if (each.better === true || name === NO_ANSWER) continue
    it(`with ${name}`, async () => {
      const theirs = cases[name]
      assert.ok(theirs !== undefined)
      const { answers, accepted } = await ours(each)
      assert.deepEqual(comparable(answers), comparable(theirs.answers))
      assert.deepEqual(accepted, theirs.accepted)
    })
  }

  it('with no answer, in the words that programs look for', async () => {
    using clock = new StoppedClock()
    await using apns = await startSimulator()
    const playing = play(apn, SEND_CASES.get(NO_ANSWER) ?? {}, apns, (provider) => provider.shutdown())
    await until(() => apns.counts().openStreams === 1)
    await clock.pass(1000)
    const { answers } = await within(playing, () => 'it does not end')
    const theirs = cases[NO_ANSWER]?.answers
    assert.ok(theirs !== undefined)
    assert.deepEqual(comparable(answers), comparable(theirs))
    assert.equal(answers.failed[0]?.error, theirs.failed[0]?.error)
  })
})

const A = 'aa'.repeat(32)
const [SENT, FAILED] = [
  { device: A, 'apns-id': 'some id' },
  { device: A, 'apns-id': 'some id' },
]

/** What ours comes to where it does better: the failures, and what of the request is worth a look. */
const BETTER: Readonly<Record<string, [failed: object[], accepted: object[]]>> = {
  'an expiry that has passed': [[], [{ expiration: '0' }]],
  'an expiry in milliseconds': [[], [{ expiration: '4294967295' }]],
  'a background push with the priority that is node-apn’s own': [
    [],
    [{ pushType: 'background', priority: '5' }],
  ],
  'a silent push without push type': [[], [{ pushType: 'background', priority: '5' }]],
  'a topic without its suffix': [[], [{ topic: `${TOPIC}.voip` }]],
  'an id in capitals': [[], [{}]],
  'no payload': [[], [{ payload: {} }]],
  'a token with a space in it': [
    [{ device: 'a b', status: 400, response: { reason: 'BadDeviceToken' } }],
    [{}],
  ],
  'an internal error': [
    [
      {
        ...FAILED,
        status: 500,
        response: { reason: 'InternalServerError' },
        error: 'error: apn write failed',
      },
    ],
    [],
  ],
  'an answer that is none of Apple’s': [[{ ...FAILED, status: 418, error: 'error: apn write failed' }], []],
  'a connection that is cut once': [[], [{}]],
  'a notification that is changed and sent again': [
    [],
    [{ payload: { aps: { alert: 'hello' } } }, { payload: { aps: { alert: 'changed' } } }],
  ],
}

describe('sending has better results than with node-apn', () => {
  it('where this is documented', () => {
    const better = [...SEND_CASES].flatMap(([name, each]) => (each.better === true ? [name] : []))
    assert.deepEqual(better, Object.keys(BETTER))
  })

  for (const [name, [failed, accepted]] of Object.entries(BETTER)) {
    it(`with ${name}`, async () => {
      const result = await ours(SEND_CASES.get(name) ?? {})
      assert.notDeepEqual(result, cases[name])
      assert.deepEqual(result.answers.failed, failed)
      assert.equal(result.accepted.length, accepted.length)
      for (const [index, part] of accepted.entries()) {
        for (const [key, value] of Object.entries(part))
          assert.deepEqual(result.accepted[index]?.[key], value)
      }
    })
  }

  it('even where node-apn never shuts down: after a connection that failed', async () => {
    const { answers } = await ours(SEND_CASES.get('nobody at the port') ?? {})
    assert.equal(answers.failed.length, 2)
    assert.deepEqual(answers.sent, [])
    assert.deepEqual(await ours({ to: A }).then(({ answers }) => answers.sent), [SENT])
  })
})
