import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Dialogue, type TestRequest } from './support/dialogue.js'
import {
  accepted,
  block,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  goaway,
  headers,
  OK,
  priority,
  rstStream,
  windowUpdate,
} from './support/frame-builder.js'

/*
 * The state of a stream × what may come on it, all of it: RFC 9113 sections 5.1 and 8.1. The expectation is written in
 * words: the events, and the error that is sent.
 */
const STATES = {
  idle: (dialogue: Dialogue) => void dialogue.open(),
  'awaiting the head': (dialogue: Dialogue) => {
    dialogue.open()
    dialogue.open()
  },
  'awaiting the head, body not sent': (dialogue: Dialogue) => {
    dialogue.open()
    dialogue.open(Buffer.alloc(65_536))
  },
  'receiving the body': (dialogue: Dialogue) => {
    dialogue.open()
    dialogue.open()
    dialogue.peer(headers(3, OK))
  },
  closed: (dialogue: Dialogue) => {
    dialogue.open()
    dialogue.open()
    dialogue.peer(accepted(3))
  },
  cancelled: (dialogue: Dialogue) => {
    dialogue.open()
    const stream: TestRequest = dialogue.open()
    dialogue.session.cancel(stream)
  },
} as const

const INPUTS = {
  '1xx': headers(3, block([':status', '103'])),
  '1xx END': headers(3, block([':status', '103']), END_HEADERS | END_STREAM),
  head: headers(3, OK),
  'head END': accepted(3),
  fields: headers(3, block(['a', 'b'])),
  'fields END': headers(3, block(['a', 'b']), END_HEADERS | END_STREAM),
  data: data(3, 'x'),
  'data END': data(3, 'x', END_STREAM),
  RST_STREAM: rstStream(3, 2),
  WINDOW_UPDATE: windowUpdate(3, 1),
  PRIORITY: priority(3),
  unknown: frame(0x42, 0, 3, 'x'),
  PUSH_PROMISE: frame(0x5, END_HEADERS, 3, Buffer.concat([Buffer.of(0, 0, 0, 2), OK])),
  CONTINUATION: frame(0x9, END_HEADERS, 3, OK),
  GOAWAY: goaway(1, 0),
} as const

type Input = keyof typeof INPUTS
const NOTHING = ''
const MALFORMED = 'reset 3 protocol 1 | RST_STREAM 3 1'
/** All streams that are open are reset, the connection is over; no request had been read. */
const FATAL = 'FATAL'
const CANCELLED_BODY = ' | RST_STREAM 3 8'

const always: Partial<Record<Input, string>> = {
  PRIORITY: NOTHING,
  unknown: NOTHING,
  PUSH_PROMISE: FATAL,
  CONTINUATION: FATAL,
}

const EXPECTED: Readonly<Record<keyof typeof STATES, Readonly<Record<Input, string>>>> = {
  idle: {
    ...everything(FATAL),
    PRIORITY: NOTHING,
    unknown: NOTHING,
    GOAWAY: 'goaway 1 0',
  },
  'awaiting the head': { ...awaiting(''), ...always },
  'awaiting the head, body not sent': { ...awaiting(CANCELLED_BODY), WINDOW_UPDATE: NOTHING },
  'receiving the body': {
    ...everything(MALFORMED),
    'fields END': 'end 3 200',
    data: 'data 3 x',
    'data END': 'data 3 x, end 3 200',
    RST_STREAM: 'reset 3 peer 2',
    WINDOW_UPDATE: NOTHING,
    ...always,
    GOAWAY: 'reset 3 goaway 0 unprocessed, goaway 1 0',
  },
  closed: { ...everything(NOTHING), ...always, GOAWAY: 'goaway 1 0' },
  cancelled: { ...everything(NOTHING), ...always, GOAWAY: 'goaway 1 0' },
}

function everything(expected: string): Record<Input, string> {
  return Object.fromEntries(Object.keys(INPUTS).map((input) => [input, expected])) as Record<Input, string>
}

function awaiting(afterEnd: string): Record<Input, string> {
  return {
    ...everything(MALFORMED),
    '1xx': NOTHING,
    head: NOTHING,
    'head END': `end 3 200${afterEnd}`,
    RST_STREAM: 'reset 3 peer 2',
    WINDOW_UPDATE: NOTHING,
    ...always,
    GOAWAY: 'reset 3 goaway 0 unprocessed, goaway 1 0',
  }
}

describe('each state × each input', () => {
  for (const [state, prepare] of Object.entries(STATES)) {
    for (const [input, bytes] of Object.entries(INPUTS)) {
      const expected = EXPECTED[state as keyof typeof STATES][input as Input]
      test(`${state}, ${input}: ${expected || 'nothing'}`, () => {
        const dialogue = Dialogue.established()
        prepare(dialogue)
        dialogue.take()
        dialogue.heard()
        dialogue.peer(bytes)
        const events = dialogue.heard()
        const said = dialogue.said()
        if (expected === FATAL) {
          assert.equal(events.at(-1), 'failed PROTOCOL_ERROR')
          assert.deepEqual(said, ['GOAWAY 0 0 1'])
          assert.equal(dialogue.session.openStreams, 0)
        } else {
          // The window of a body that waits lets one more byte of it go.
          const replies = said.filter((each) => !each.startsWith('DATA'))
          assert.equal([events.join(', '), ...replies].join(' | '), expected)
        }
      })
    }
  }
})

describe('a malformed response resets its stream, and only that', () => {
  const heads: Readonly<Record<string, Buffer>> = {
    'no fields': Buffer.alloc(0),
    'no :status': block(['a', 'b']),
    'two of them': block([':status', '200'], [':status', '200']),
    'two digits': block([':status', '20']),
    'four digits': block([':status', '2000']),
    'no digits': block([':status', '']),
    'not only digits': block([':status', '2x0']),
    'a zero first': block([':status', '099']),
    'a switch of protocols': block([':status', '101']),
    "a request's pseudo-field": block([':status', '200'], [':path', '/']),
    'an unknown pseudo-field': block([':status', '200'], [':x', '/']),
    ':status after another field': block(['a', 'b'], [':status', '200']),
    'a name in upper case': block([':status', '200'], ['Apns-Id', 'x']),
    'an empty name': block([':status', '200'], ['', 'x']),
    'a space in a name': block([':status', '200'], ['a b', 'x']),
    connection: block([':status', '200'], ['connection', 'close']),
    'transfer-encoding': block([':status', '200'], ['transfer-encoding', 'chunked']),
    upgrade: block([':status', '200'], ['upgrade', 'h3']),
    'keep-alive': block([':status', '200'], ['keep-alive', '1']),
    'proxy-connection': block([':status', '200'], ['proxy-connection', 'x']),
    'NUL in a value': block([':status', '200'], ['a', 'b\0c']),
    'CR in a value': block([':status', '200'], ['a', 'b\rc']),
    'LF in a value': block([':status', '200'], ['a', 'b\nc']),
    'a space before a value': block([':status', '200'], ['a', ' b']),
    'a tab after a value': block([':status', '200'], ['a', 'b\t']),
  }
  for (const [what, head] of Object.entries(heads)) {
    test(what, () => {
      const dialogue = Dialogue.established()
      dialogue.open()
      dialogue.open()
      dialogue.take()
      dialogue.hears([headers(1, head, END_HEADERS | END_STREAM)], ['reset 1 protocol 1'])
      assert.deepEqual(dialogue.said(), ['RST_STREAM 1 1'])
      dialogue.hears([headers(1, OK), accepted(3)], ['end 3 200'])
    })
  }

  test('a pseudo-field in trailers', () => {
    const dialogue = Dialogue.established({ responseFields: ['a'] })
    dialogue.open()
    const trailers = headers(1, block([':status', '200'], ['a', 'b']), END_HEADERS | END_STREAM)
    dialogue.hears([headers(1, OK), trailers], ['reset 1 protocol 1'])
  })

  test('what is wrong with a field is also wrong when it comes from the table', () => {
    const dialogue = Dialogue.established()
    dialogue.open()
    dialogue.open()
    const bad = block(['a', 'b\nc'])
    bad[0] = 0x40
    dialogue.hears(
      [headers(1, Buffer.concat([OK, bad])), headers(3, Buffer.of(0x88, 0xbe))],
      ['reset 1 protocol 1', 'reset 3 protocol 1'],
    )
  })
})

test('odd but permitted: an empty value, a tab and high bytes within, a status that nobody knows, repeated fields', () => {
  const dialogue = Dialogue.established({ responseFields: ['a'] })
  dialogue.open()
  const head = block([':status', '999'], ['a', ''], ['a', 'x\t\xe9'], ['te', 'x'], ['content-length', '7'])
  dialogue.hears(
    [headers(1, head, END_HEADERS | END_STREAM)],
    ['field 1 a=', 'field 1 a=x\t\xe9', 'end 1 999'],
  )
})
