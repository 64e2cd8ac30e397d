import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Dialogue, type TestRequest } from './support/dialogue.js'
import {
  accepted,
  data,
  frame,
  goaway,
  headers,
  OK,
  parseFrames,
  ping,
  rstStream,
  settings,
  windowUpdate,
} from './support/frame-builder.js'
import { printedSeed } from './support/seed.js'

const seed = printedSeed()

const PREFACE_BYTES = 24

/** A session, its owner and its peer, who all do as they like; and what has to be true of it at any time. */
class Play {
  readonly dialogue: Dialogue = new Dialogue()
  readonly #opened: TestRequest[] = []
  /** How often the end of each stream was reported, and of which it was said that nothing was done. */
  readonly #ended = new Map<number, number>()
  readonly #unsent = new Set<number>()
  /** Streams whose HEADERS were taken. */
  readonly #taken = new Set<number>()
  readonly #cancelled = new Set<number>()
  #isPrefaceDue = true
  #isOver = false

  constructor() {
    this.dialogue.log.hook = (event) => {
      assert.equal(this.#isOver, false, 'nothing follows a failure')
      const [kind, number, cause] = event.split(' ')
      if (kind === 'failed') this.#isOver = true
      if (kind !== 'end' && kind !== 'reset') return
      const id = Number(number)
      assert.equal(this.#cancelled.has(id), false, `stream ${id} was cancelled`)
      this.#ended.set(id, (this.#ended.get(id) ?? 0) + 1)
      if (cause !== 'failed' && cause !== 'lost') return
      const isUnprocessed = event.endsWith('unprocessed')
      assert.equal(isUnprocessed, !this.#taken.has(id), `stream ${id}: ${event}`)
      if (isUnprocessed) this.#unsent.add(id)
    }
  }

  open(bodyBytes: number): void {
    const { session } = this.dialogue
    const room = session.capacity
    assert.ok(room >= 0 && Number.isInteger(room))
    if (room === 0) return
    assert.ok(session.openStreams < session.peerMaxConcurrentStreams)
    this.#opened.push(this.dialogue.open(Buffer.alloc(bodyBytes)))
  }

  /** Any that was ever opened, open or not. */
  cancel(position: number): void {
    const stream = this.#opened[position % Math.max(1, this.#opened.length)]
    if (stream === undefined) return
    const { session } = this.dialogue
    const before = session.openStreams
    session.cancel(stream)
    if (session.openStreams < before) this.#cancelled.add(stream.id)
  }

  take(): void {
    const bytes = this.dialogue.session.takeOutput()
    if (bytes === undefined) return
    const frames = parseFrames(bytes.subarray(this.#isPrefaceDue ? PREFACE_BYTES : 0))
    this.#isPrefaceDue = false
    for (const { type, streamId } of frames) {
      assert.equal(
        this.#unsent.has(streamId),
        false,
        `stream ${streamId} is sent, though it was reported as unsent`,
      )
      if (type === 1) this.#taken.add(streamId)
    }
    this.dialogue.session.recycle(bytes)
  }

  /** The end: every stream that was opened was reported once, or cancelled. */
  check(): void {
    const { session } = this.dialogue
    session.lost()
    this.take()
    assert.equal(session.openStreams, 0)
    for (const { id } of this.#opened) {
      assert.equal((this.#ended.get(id) ?? 0) + (this.#cancelled.has(id) ? 1 : 0), 1, `stream ${id}`)
    }
  }
}

const id = fc.nat(10).map((index) => 2 * index + 1)
const peerFrame = fc.oneof(
  { weight: 6, arbitrary: id.map(accepted) },
  { weight: 2, arbitrary: id.map((streamId) => headers(streamId, OK)) },
  { weight: 2, arbitrary: id.map((streamId) => data(streamId, 'x', 1)) },
  { weight: 2, arbitrary: fc.tuple(id, fc.nat(13)).map(([streamId, code]) => rstStream(streamId, code)) },
  {
    weight: 2,
    arbitrary: fc.tuple(id, fc.nat(70_000)).map(([streamId, more]) => windowUpdate(streamId, more)),
  },
  { weight: 2, arbitrary: fc.nat(70_000).map((more) => windowUpdate(0, more)) },
  { weight: 3, arbitrary: fc.nat(8).map((limit) => settings([3, limit])) },
  { weight: 2, arbitrary: fc.nat(70_000).map((size) => settings([4, size])) },
  { weight: 1, arbitrary: fc.constant(ping('12345678')) },
  { weight: 1, arbitrary: id.map((streamId) => goaway(streamId, 0)) },
  { weight: 1, arbitrary: fc.constant(frame(0x7, 0, 0, Buffer.alloc(7))) },
)
const step: fc.Arbitrary<(play: Play) => void> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.nat(60_000).map((size) => (play: Play) => play.open(size % 3 === 0 ? size : 0)),
  },
  { weight: 6, arbitrary: peerFrame.map((bytes) => (play: Play) => play.dialogue.peer(bytes)) },
  { weight: 3, arbitrary: fc.constant((play: Play) => play.take()) },
  { weight: 2, arbitrary: fc.nat(20).map((position) => (play: Play) => play.cancel(position)) },
  { weight: 1, arbitrary: fc.constant((play: Play) => play.dialogue.session.ping()) },
)
const lastStep: fc.Arbitrary<(play: Play) => void> = fc.constantFrom<((play: Play) => void)[]>(
  (play) => play.dialogue.session.goAway(),
  (play) => play.dialogue.session.lost(),
  (play) => play.dialogue.peer(data(0, 'x')),
  () => {},
)

test('whatever owner and peer do: each request ends once, and what is called unprocessed was never sent', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(step, { maxLength: 60 }),
      lastStep,
      fc.array(step, { maxLength: 10 }),
      (greets, steps, last, more) => {
        const play = new Play()
        if (greets) play.dialogue.peer(settings([3, 20]))
        for (const act of [...steps, last, ...more]) act(play)
        play.check()
      },
    ),
    { numRuns: 1000, seed },
  )
})
