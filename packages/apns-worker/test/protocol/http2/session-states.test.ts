import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Dialogue } from './support/dialogue.js'
import {
  ACK,
  accepted,
  continuation,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  goaway,
  headers,
  OK,
  ping,
  priority,
  rstStream,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from './support/frame-builder.js'

/*
 * The state of a session × what may come, and × what its owner may do: RFC 9113 sections 3.4, 5.1, 6.8 and 6.10. Each
 * state has stream 1 open, its head received where the state permits. The states of a stream are in response-rules.test.ts.
 */
type State =
  | 'starting'
  | 'turned away at once'
  | 'running'
  | 'within a header block'
  | 'told to go away'
  | 'going away'
  | 'failed'
  | 'lost'

const STATES: Readonly<Record<State, () => Dialogue>> = {
  starting: () => {
    const dialogue = new Dialogue()
    dialogue.open()
    return dialogue
  },
  'turned away at once': () => after('starting', (dialogue) => dialogue.peer(goaway(1, 0))),
  running: () => {
    const dialogue = Dialogue.established({}, [3, 10])
    dialogue.open()
    dialogue.peer(headers(1, OK))
    return dialogue
  },
  'within a header block': () =>
    after('running', (dialogue) => dialogue.peer(headers(1, Buffer.alloc(0), END_STREAM))),
  'told to go away': () => after('running', (dialogue) => dialogue.peer(goaway(1, 0))),
  'going away': () => after('running', ({ session }) => session.goAway()),
  failed: () => after('running', (dialogue) => dialogue.peer(data(0, ''))),
  lost: () => after('running', ({ session }) => session.lost()),
}

/** A dialogue in this state, and one step further. */
function after(state: State, step: (dialogue: Dialogue) => void): Dialogue {
  const dialogue = STATES[state]()
  step(dialogue)
  return dialogue
}

/** A dialogue in this state, with nothing left to hear or to read. */
function enter(state: State): Dialogue {
  const dialogue = STATES[state]()
  dialogue.take()
  dialogue.heard()
  return dialogue
}

const INPUTS = {
  DATA: data(1, 'x', END_STREAM),
  HEADERS: accepted(1),
  trailers: headers(1, Buffer.alloc(0), END_HEADERS | END_STREAM),
  PRIORITY: priority(1),
  RST_STREAM: rstStream(1, 2),
  SETTINGS: settings([3, 10]),
  'SETTINGS ACK': settingsAck(),
  PUSH_PROMISE: frame(0x5, END_HEADERS, 1, Buffer.concat([uint32(2), OK])),
  PING: ping('12345678'),
  'PING ACK': ping('12345678', ACK),
  GOAWAY: goaway(0, 0),
  'GOAWAY, raised': goaway(3, 0),
  WINDOW_UPDATE: windowUpdate(0, 1),
  'WINDOW_UPDATE of a stream': windowUpdate(1, 1),
  CONTINUATION: continuation(1, Buffer.alloc(0)),
  unknown: frame(0xfa, 0xff, 1, 'x'),
} as const

type Input = keyof typeof INPUTS

const NOTHING = ''
const FATAL = 'reset 1 failed 1, failed PROTOCOL_ERROR | GOAWAY 0 0 1'
const TURNED_AWAY = 'reset 1 goaway 0 unprocessed, goaway 0 0'

const RUNNING: Readonly<Record<Input, string>> = {
  DATA: 'data 1 x, end 1 200',
  HEADERS: 'reset 1 protocol 1 | RST_STREAM 1 1',
  trailers: 'end 1 200',
  PRIORITY: NOTHING,
  RST_STREAM: 'reset 1 peer 2',
  SETTINGS: 'settings | SETTINGS 0 ACK',
  'SETTINGS ACK': NOTHING,
  PUSH_PROMISE: FATAL,
  PING: 'PING 0 ACK',
  'PING ACK': NOTHING,
  GOAWAY: TURNED_AWAY,
  'GOAWAY, raised': 'goaway 3 0',
  WINDOW_UPDATE: NOTHING,
  'WINDOW_UPDATE of a stream': NOTHING,
  CONTINUATION: FATAL,
  unknown: NOTHING,
}

const EXPECTED: Readonly<Record<State, Readonly<Record<Input, string>>>> = {
  starting: {
    ...everything(FATAL),
    SETTINGS: RUNNING.SETTINGS,
    GOAWAY: TURNED_AWAY,
    'GOAWAY, raised': 'goaway 3 0',
  },
  'turned away at once': {
    ...everything(FATAL),
    SETTINGS: RUNNING.SETTINGS,
    GOAWAY: TURNED_AWAY,
  },
  running: RUNNING,
  'within a header block': { ...everything(FATAL), CONTINUATION: 'end 1 200' },
  'told to go away': { ...RUNNING, 'GOAWAY, raised': FATAL },
  'going away': RUNNING,
  failed: everything(NOTHING),
  lost: everything(NOTHING),
}

function everything(expected: string): Record<Input, string> {
  return Object.fromEntries(Object.keys(INPUTS).map((input) => [input, expected])) as Record<Input, string>
}

describe('each state of the session × each frame', () => {
  for (const state of Object.keys(STATES) as State[]) {
    for (const input of Object.keys(INPUTS) as Input[]) {
      const expected = EXPECTED[state][input]
      test(`${state}, ${input}: ${expected || 'nothing'}`, () => {
        const dialogue = enter(state)
        dialogue.peer(INPUTS[input])
        const parts = [dialogue.heard().join(', '), ...dialogue.said()]
        assert.equal(parts.filter((part) => part !== '').join(' | '), expected)
      })
    }
  }
})

/** What an owner sees of a session, and what comes of each thing that it may do. */
interface OwnerView {
  readonly capacity: number
  readonly settingsReceived: boolean
  readonly goingAway: boolean
  readonly closed: boolean
  readonly ping: string
  readonly goAway: string
  readonly cancel: string
  readonly lost: string
}

const OPEN: OwnerView = {
  capacity: 9,
  settingsReceived: true,
  goingAway: false,
  closed: false,
  ping: 'PING 0',
  goAway: 'GOAWAY 0 0 0',
  cancel: 'RST_STREAM 1 8',
  lost: 'reset 1 lost 10',
}
const GOING = { ...OPEN, capacity: 0, goingAway: true, goAway: '' }
const CLOSED = { ...OPEN, capacity: 0, closed: true, ping: '', goAway: '', cancel: '', lost: '' }

const VIEWS: Readonly<Record<State, OwnerView>> = {
  starting: { ...OPEN, capacity: 0, settingsReceived: false },
  'turned away at once': { ...GOING, settingsReceived: false },
  running: OPEN,
  'within a header block': OPEN,
  'told to go away': GOING,
  'going away': GOING,
  failed: CLOSED,
  lost: CLOSED,
}

describe("each state of the session × each of its owner's calls", () => {
  for (const [state, expected] of Object.entries(VIEWS) as [State, OwnerView][]) {
    test(state, () => {
      const outcomeOf = (act: (dialogue: Dialogue) => void): string => {
        const dialogue = enter(state)
        act(dialogue)
        return [...dialogue.heard(), ...dialogue.said()].join(', ')
      }
      const { capacity, settingsReceived, goingAway, closed } = enter(state).session
      assert.deepEqual(
        {
          capacity,
          settingsReceived,
          goingAway,
          closed,
          ping: outcomeOf(({ session }) => session.ping()),
          goAway: outcomeOf(({ session }) => session.goAway()),
          cancel: outcomeOf(({ session }) => {
            for (const stream of session.streams()) session.cancel(stream)
          }),
          lost: outcomeOf(({ session }) => session.lost()),
        },
        expected,
      )
      const dialogue = enter(state)
      if (expected.capacity > 0) dialogue.open()
      else assert.throws(() => dialogue.open(), /no capacity/)
    })
  }
})
