import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  FLOOD_FRAMES_PER_RESPONSE,
  FLOOD_LIMITS,
  MAX_CONTINUATION_FRAMES,
  MAX_REPLY_BYTES,
} from '#src/protocol/http2/limits.js'
import {
  ACK,
  block,
  continuation,
  data,
  frame,
  goaway,
  headers,
  literal,
  OK,
  PADDED,
  ping,
  priority,
  rstStream,
  settings as settingsFrame,
  windowUpdate,
} from '../../protocol/http2/support/frame-builder.js'
import { failOnLeaks } from '../../support/leaks.js'
import {
  answer,
  type HeardFrame,
  type ScriptedConnection,
  startScriptedServer,
} from '../../support/scripted-server.js'
import { Sender } from '../../support/sender.js'
import { startNodeServer } from '../../support/test-servers.js'

failOnLeaks()

const TOKENS = 50
const ENHANCE_YOUR_CALM = 11
const TYPE = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7 } as const
/** What the network holds between the two, at most, and what Node keeps of it. */
const NETWORK_BYTES = 16_000_000
const CHUNK_BYTES = 65_536
/** Thirty times what the bombs take; a tenth of what they would take if all of them were looked at. */
const CPU_SECONDS = 3
/** How often a request is answered by a body without end, before it is answered well. */
const BODIES = 5
const PIECE = Buffer.alloc(1000)
/** The limit of a body and a window, and what Node writes ahead. */
const MOST_BODY_BYTES = 65_536 + 65_535 + 100_000
/** The stream that is answered before the flood begins, and one that is open while it lasts. */
const CLOSED = 1
const OPEN = 3
/** Responses on the connection before the flood, which add to what is allowed. */
const RESPONSES = 1

/** What a server sends without end, once a request is open, and what the client may say to it. */
interface Flood {
  readonly begin?: Buffer
  readonly again: Buffer
  /** How many frames the client may answer. */
  readonly answers?: number
  /** How many frames it may have to read. */
  readonly reads: number
}

const allowed = (kind: keyof typeof FLOOD_LIMITS): number =>
  FLOOD_LIMITS[kind] + RESPONSES * FLOOD_FRAMES_PER_RESPONSE
const answered = (again: Buffer, kind: 'settings' | 'ping'): Flood => ({
  again,
  answers: allowed(kind),
  reads: allowed(kind) + 1,
})
const unanswered = (again: Buffer, kind: keyof typeof FLOOD_LIMITS, begin?: Buffer): Flood => ({
  again,
  reads: allowed(kind) + 1,
  ...(begin === undefined ? {} : { begin }),
})
const openBlock = headers(OPEN, OK, 0)

const FLOODS: Readonly<Record<string, Flood>> = {
  SETTINGS: answered(settingsFrame([3, 100]), 'settings'),
  'SETTINGS that move the windows': answered(
    Buffer.concat([settingsFrame([4, 0]), settingsFrame([4, 1_000_000])]),
    'settings',
  ),
  'acknowledgements of SETTINGS': unanswered(frame(TYPE.settings, ACK, 0), 'settings'),
  PING: answered(ping('12345678'), 'ping'),
  'answers to a PING that was not sent': unanswered(ping('12345678', ACK), 'ping'),
  'DATA without content': unanswered(data(OPEN, ''), 'empty', headers(OPEN, OK)),
  'DATA with nothing but padding': unanswered(
    data(OPEN, Buffer.of(2, 0, 0), PADDED),
    'empty',
    headers(OPEN, OK),
  ),
  'DATA for a stream that is closed': unanswered(data(CLOSED, 'x'), 'idle'),
  'HEADERS for a stream that is closed': unanswered(headers(CLOSED, OK), 'idle'),
  'informational heads': unanswered(headers(OPEN, block([':status', '103'])), 'empty'),
  'CONTINUATION without end': {
    begin: openBlock,
    again: continuation(OPEN, block(['x', 'y'.repeat(1000)]), 0),
    reads: MAX_CONTINUATION_FRAMES + 2,
  },
  'CONTINUATION without content': {
    begin: openBlock,
    again: continuation(OPEN, Buffer.alloc(0), 0),
    reads: MAX_CONTINUATION_FRAMES + 2,
  },
  'RST_STREAM for a stream that is closed': unanswered(rstStream(CLOSED, 8), 'reset'),
  'WINDOW_UPDATE of the connection': unanswered(windowUpdate(0, 1), 'idle'),
  'WINDOW_UPDATE of a stream': unanswered(windowUpdate(OPEN, 1), 'idle'),
  PRIORITY: unanswered(priority(OPEN), 'idle'),
  'frames of an unknown type': unanswered(frame(0xfa, 0, 0, 'x'), 'idle'),
  GOAWAY: unanswered(goaway(0x7fff_ffff, 0), 'idle'),
}

/** Writes bytes again and again, as fast as they go, until the other end has had enough. */
function writeForEver({ socket }: ScriptedConnection, again: Buffer): void {
  const chunk = Buffer.concat(new Array<Buffer>(Math.ceil(CHUNK_BYTES / again.length)).fill(again))
  const write = (): void => {
    while (socket.writable && socket.write(chunk));
  }
  socket.on('drain', write)
  write()
}

/** What the client said on the connection that was flooded, from then on. */
class Witness {
  readonly goAways: number[] = []
  readonly resets: number[] = []
  answers = 0
  bytes = 0

  hear({ type, flags, payload }: HeardFrame): void {
    this.bytes += 9 + payload.length
    if (type === TYPE.goAway) this.goAways.push(payload.readUInt32BE(4))
    if (type === TYPE.reset) this.resets.push(payload.readUInt32BE(0))
    if ((type === TYPE.settings || type === TYPE.ping) && (flags & ACK) !== 0) this.answers += 1
  }
}

describe('a server that floods its client is left, and everything is sent elsewhere', () => {
  for (const [what, { begin, again, answers = 0, reads }] of Object.entries(FLOODS)) {
    it(what, async () => {
      const witness = new Witness()
      let flooded: ScriptedConnection | undefined
      await using server = await startScriptedServer({
        heard: (connection, heard) => {
          if (connection === flooded) witness.hear(heard)
        },
        requested: (connection, streamId) => {
          if (connection.number > 1 || streamId === CLOSED) connection.send(answer(streamId))
          else if (streamId === OPEN) {
            if (begin !== undefined) connection.send(begin)
            flooded = connection
            writeForEver(connection, again)
          }
        },
      })
      const before = process.memoryUsage().arrayBuffers
      await using sender = new Sender(server, { maxConnections: 1, retryDelay: 0.01 })
      await sender.accepted(sender.send(TOKENS))
      const grown = process.memoryUsage().arrayBuffers - before
      assert.deepEqual(witness.goAways, [ENHANCE_YOUR_CALM])
      assert.ok(witness.answers <= answers, `${witness.answers} answers`)
      assert.ok(witness.bytes <= MAX_REPLY_BYTES + TOKENS * 1000, `${witness.bytes} bytes said`)
      assert.ok(grown < NETWORK_BYTES, `${grown} bytes more memory`)
      assert.equal(server.connections, 2)
      assert.match(sender.warnings.join(), /^connection lost: .*\(ENHANCE_YOUR_CALM\)$/)
      // The rest of what was written lay in the network, unread.
      const written = flooded?.socket.bytesWritten ?? 0
      assert.ok(written <= reads * (again.length + 100) + NETWORK_BYTES, `${written} bytes flooded`)
    })
  }
})

/** A field that goes into the table, of some 4,000 bytes, and the reference to it: one byte. */
const LARGE_ENTRY = Buffer.concat([Buffer.of(0x40), literal('x', 'y'.repeat(4000)).subarray(1)])
const REFERENCES = Buffer.alloc(16_384, 0xbe)

/** What is wrong with a response, so that its stream is reset and nothing else. */
const BOMBS: Readonly<Record<string, (streamId: number) => Buffer>> = {
  'a header block of one-byte references to a large entry': (streamId) =>
    Buffer.concat([
      headers(streamId, Buffer.concat([OK, LARGE_ENTRY, REFERENCES.subarray(0, 8000)]), 0),
      continuation(streamId, REFERENCES, 0),
      continuation(streamId, REFERENCES, 0),
      continuation(streamId, REFERENCES),
    ]),
  'a head that says too much': (streamId) =>
    Buffer.concat([
      headers(streamId, Buffer.concat([OK, block(['a', 'v'.repeat(9000)])]), 0),
      continuation(streamId, block(['b', 'v'.repeat(9000)])),
    ]),
}

describe('a response that costs too much is reset alone, and costs little', () => {
  for (const [what, bomb] of Object.entries(BOMBS)) {
    it(what, async () => {
      const witness = new Witness()
      const bombed = new Set<string>()
      await using server = await startScriptedServer({
        heard: (_connection, heard) => witness.hear(heard),
        requested: (connection, streamId) => {
          // The first try of each, but for the very first.
          if (streamId === CLOSED || bombed.size >= TOKENS - 1) connection.send(answer(streamId))
          else {
            bombed.add(`${connection.number} ${streamId}`)
            connection.send(bomb(streamId))
          }
        },
      })
      const before = process.cpuUsage()
      await using sender = new Sender(server, { maxConnections: 1, retryDelay: 0.01 })
      await sender.accepted(sender.send(TOKENS))
      const { user, system } = process.cpuUsage(before)
      assert.ok(witness.resets.length >= TOKENS - 1)
      assert.deepEqual([...new Set(witness.resets)], [ENHANCE_YOUR_CALM])
      assert.equal(server.connections, 1)
      const cpuSeconds = (user + system) / 1_000_000
      assert.ok(cpuSeconds < CPU_SECONDS, `${cpuSeconds} s of CPU`)
    })
  }

  it('a body without end', async () => {
    const codes: (number | undefined)[] = []
    let written = 0
    await using server = await startNodeServer(({ stream }) => {
      stream.respond({ ':status': 200 })
      if (codes.length >= BODIES) {
        stream.end()
        return
      }
      stream.on('close', () => codes.push(stream.rstCode))
      const write = (): void => {
        while (!stream.destroyed && stream.write(PIECE)) written += PIECE.length
      }
      stream.on('drain', write)
      write()
    })
    await using sender = new Sender(server, { maxConnections: 1, retryDelay: 0.01 })
    await sender.accepted(sender.send(1))
    assert.deepEqual(codes, new Array<number>(BODIES).fill(ENHANCE_YOUR_CALM))
    assert.ok(written < BODIES * MOST_BODY_BYTES, `${written} bytes written`)
    assert.equal(server.connections, 1)
  })
})
