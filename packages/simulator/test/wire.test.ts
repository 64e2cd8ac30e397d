/** The parts that look at frames, without a network. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameScanner } from '#src/frame-scanner.js'
import { markedStreamLimit, SettingsRewriter } from '#src/settings-rewriter.js'
import { StreamLedger } from '#src/stream-ledger.js'

const END_STREAM = 1
const ACKNOWLEDGEMENT = 1
const [DATA, HEADERS, RESET, SETTINGS] = [0, 1, 3, 4] as const

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, payload])
}

function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6)
  for (const [index, [identifier, value]] of pairs.entries()) {
    payload.writeUInt16BE(identifier, index * 6)
    payload.writeUInt32BE(value, index * 6 + 2)
  }
  return frame(SETTINGS, 0, 0, payload)
}

function chop(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
    (one, other) => one - other,
  )
  return edges.slice(1).map((edge, index) => Buffer.from(bytes.subarray(edges[index], edge)))
}

test('only the stream limit in SETTINGS is changed, however the bytes are cut', () => {
  const build = (limit: number): Buffer =>
    Buffer.concat([
      settings([1, 0x4000_1000], [3, limit], [4, 0x4000_ffff]),
      frame(DATA, END_STREAM, 1, settings([3, markedStreamLimit(9)])),
      frame(SETTINGS, ACKNOWLEDGEMENT, 0, Buffer.alloc(0)),
      settings([3, limit]),
    ])
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 30 - 1 }), fc.array(fc.nat(), { maxLength: 20 }), (limit, cuts) => {
      const advertised: number[] = []
      const frames: number[] = []
      const rewriter = new SettingsRewriter((value) => advertised.push(value))
      const scanner = new FrameScanner({
        frame: (type) => {
          frames.push(type)
          return type === SETTINGS ? (position, byte) => rewriter.settingsByte(position, byte) : undefined
        },
      })
      const chunks = chop(build(markedStreamLimit(limit)), cuts)
      for (const chunk of chunks) scanner.scan(chunk)
      assert.deepEqual(Buffer.concat(chunks), build(limit))
      assert.deepEqual(advertised, [limit, limit])
      assert.deepEqual(frames, [SETTINGS, DATA, SETTINGS, SETTINGS])
      assert.ok(scanner.atBoundary)
    }),
  )
})

test('between HEADERS and CONTINUATION there is no place for another frame', () => {
  const scanner = new FrameScanner({ frame: () => undefined }, 3)
  assert.equal(scanner.atBoundary, false)
  scanner.scan(Buffer.from('PRI'))
  assert.equal(scanner.atBoundary, true)
  scanner.scan(frame(HEADERS, 0, 1, Buffer.alloc(5)))
  assert.equal(scanner.atBoundary, false)
  scanner.scan(frame(9, 4, 1, Buffer.alloc(5)))
  assert.equal(scanner.atBoundary, true)
})

test('the ledger counts as a plain model does', () => {
  const event = fc.constantFrom('open', 'client end', 'client reset', 'server end', 'server reset')
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.nat({ max: 9 })), { maxLength: 200 }), (events) => {
      const ledger = new StreamLedger()
      ledger.advertised(3)
      ledger.fromClient(SETTINGS, ACKNOWLEDGEMENT, 0)
      const model = new Map<number, Set<string>>()
      let nextId = 1
      let mostOpen = 0
      let violations = 0
      for (const [name, pick] of events) {
        const streamId = name === 'open' ? nextId : 2 * pick + 1
        if (name === 'open') {
          nextId += 2
          if (model.size >= 3) violations += 1
          model.set(streamId, new Set())
          mostOpen = Math.max(mostOpen, model.size)
          ledger.fromClient(HEADERS, 0, streamId)
          continue
        }
        if (!model.has(streamId)) continue
        if (name === 'client end') ledger.fromClient(DATA, END_STREAM, streamId)
        if (name === 'client reset') ledger.fromClient(RESET, 0, streamId)
        if (name === 'server end') ledger.fromServer(HEADERS, END_STREAM, streamId)
        if (name === 'server reset') ledger.fromServer(RESET, 0, streamId)
        model.get(streamId)?.add(name)
        if (name.endsWith('reset') || model.get(streamId)?.size === 2) model.delete(streamId)
      }
      const highest = nextId === 1 ? 0 : nextId - 2
      assert.deepEqual(
        [ledger.open, ledger.mostOpen, ledger.violations, ledger.highestId],
        [model.size, mostOpen, violations, highest],
      )
      assert.equal(
        ledger.hasOpenUpTo(9),
        [...model.keys()].some((streamId) => streamId <= 9),
      )
    }),
  )
})

test('a raised limit holds at once, a lowered one after the acknowledgement', () => {
  const ledger = new StreamLedger()
  assert.equal(ledger.limit, Number.POSITIVE_INFINITY)
  const acknowledge = (): void => ledger.fromClient(SETTINGS, ACKNOWLEDGEMENT, 0)
  ledger.advertised(1)
  acknowledge()
  assert.equal(ledger.limit, 1)
  ledger.advertised(1000)
  assert.equal(ledger.limit, 1000)
  acknowledge()
  ledger.advertised(2)
  assert.equal(ledger.limit, 1000)
  acknowledge()
  assert.equal(ledger.limit, 2)
})
