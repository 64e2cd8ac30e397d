import { Allowance } from './sink-allowance.mjs'
import { ACCEPTED, BAD_DEVICE_TOKEN, frame, writeAnswer } from './sink-answers.mjs'
import { chooseAnswer, isForDeadToken } from './sink-choice.mjs'
import { DelayLine } from './sink-delay-line.mjs'
import { Governor } from './sink-governor.mjs'
import { FIRST_SETTINGS, PROTOCOL_WINDOW_BYTES, STREAM_LIMIT, streamLimitSettings } from './sink-settings.mjs'

const PREFACE_BYTES = 24
const FRAME_HEADER_BYTES = 9
const FRAME = { DATA: 0x0, HEADERS: 0x1, SETTINGS: 0x4, PING: 0x6, WINDOW_UPDATE: 0x8 }
const END_STREAM = 0x1
const ACK = 0x1

/**
 * The client's connection window is opened again when this much of it is used; one that could run out before, each turn
 * by all that came in. (Servers that wait until half of it is used leave their clients with little more than a half.)
 */
const REFILL_BYTES = 2 ** 24
/** Room for a turn's answers, so that it seldom has to grow. */
const OUTPUT_BYTES = 64 * 1024

/**
 * @typedef {object} SinkOptions
 * @property {number} delayMs how long everything that is written is held back, in milliseconds: the round trip
 * @property {number} windowBytes the connection's window, at least 65,535
 * @property {number} refusedShare share of requests refused, 0 to 1
 * @property {boolean} refuseDead whether requests for tokens that begin with `dead` are refused
 * @property {import('./sink-choice.mjs').RefusedWith} refusedWith
 * @property {import('./sink-governor.mjs').GovernorMode} governor
 */

/**
 * Answers every request on a connection until it closes.
 *
 * @param {import('node:tls').TLSSocket} socket
 * @param {SinkOptions} options
 * @param {import('./sink-counts.mjs').SinkCounts} counts shared by all connections
 */
export function serve(socket, options, counts) {
  const connection = new SinkConnection(socket, options, counts)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => connection.receive(chunk))
}

/**
 * The sink's end of one connection: finds the end of each request and answers it. It checks that the client keeps to its
 * windows and to the stream limit, and nothing else.
 */
class SinkConnection {
  /** @type {import('node:tls').TLSSocket} */
  #socket
  /** @type {SinkOptions} */
  #options
  /** @type {import('./sink-counts.mjs').SinkCounts} */
  #counts
  /** @type {Allowance} */
  #allowance
  /** @type {Governor} */
  #governor
  /** @type {DelayLine<{ bytes: Buffer, answers: number, granted: number }>} */
  #line
  /**
   * Bytes of a frame whose end has not come yet.
   *
   * @type {Buffer}
   */
  #rest = Buffer.alloc(0)
  #prefaceSeen = false
  #output = Buffer.allocUnsafeSlow(OUTPUT_BYTES)
  #outputBytes = 0
  /** Answers, and bytes of WINDOW_UPDATE for the connection, in the output. */
  #answers = 0
  #granted = 0
  #flushPlanned = false
  #refillBytes
  #receivedSinceRefill = 0
  /** @type {Set<number>} streams that are not complete, for dead tokens */
  #dead = new Set()
  /** What the client lets us send in DATA frames, for the connection. Bodies are far smaller than a stream's window. */
  #sendWindow = PROTOCOL_WINDOW_BYTES
  /** @type {{ answer: import('./sink-answers.mjs').Answer, streamId: number }[]} those that wait for that window */
  #held = []

  /**
   * @param {import('node:tls').TLSSocket} socket
   * @param {SinkOptions} options
   * @param {import('./sink-counts.mjs').SinkCounts} counts
   */
  constructor(socket, options, counts) {
    this.#socket = socket
    this.#options = options
    this.#counts = counts
    this.#allowance = new Allowance(counts, options.windowBytes)
    this.#governor = new Governor(options.governor)
    this.#line = new DelayLine(options.delayMs, (block, heldMs) => this.#send(block, heldMs))
    this.#refillBytes = options.windowBytes < 2 * REFILL_BYTES ? 1 : REFILL_BYTES
    counts.connections += 1
    counts.cipher = socket.getCipher().name
    socket.setNoDelay(true)
    this.#write(frame(FRAME.SETTINGS, 0, FIRST_SETTINGS))
    this.#allowance.limitStreams(STREAM_LIMIT)
    if (options.windowBytes > PROTOCOL_WINDOW_BYTES) this.#grant(options.windowBytes - PROTOCOL_WINDOW_BYTES)
  }

  /** @param {Buffer} chunk */
  receive(chunk) {
    this.#counts.bytesReceived += chunk.length
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let offset = 0
    if (!this.#prefaceSeen) {
      if (bytes.length < PREFACE_BYTES) {
        this.#rest = bytes
        return
      }
      this.#prefaceSeen = true
      offset = PREFACE_BYTES
    }
    while (bytes.length - offset >= FRAME_HEADER_BYTES) {
      const length = (bytes[offset] << 16) | (bytes[offset + 1] << 8) | bytes[offset + 2]
      const end = offset + FRAME_HEADER_BYTES + length
      if (end > bytes.length) break
      this.#onFrame(bytes, offset, end)
      offset = end
    }
    this.#rest = bytes.subarray(offset)
  }

  /**
   * @param {Buffer} bytes
   * @param {number} offset of the frame's header
   * @param {number} end of the frame's payload
   */
  #onFrame(bytes, offset, end) {
    const flags = bytes[offset + 4]
    switch (bytes[offset + 3]) {
      case FRAME.DATA:
        this.#onData(bytes.readUInt32BE(offset + 5), end - offset - FRAME_HEADER_BYTES, flags)
        break
      case FRAME.HEADERS:
        this.#onHeaders(
          bytes.readUInt32BE(offset + 5),
          bytes.subarray(offset + FRAME_HEADER_BYTES, end),
          flags,
        )
        break
      case FRAME.SETTINGS:
        if (flags & ACK) this.#allowance.acknowledged()
        else this.#write(frame(FRAME.SETTINGS, ACK, Buffer.alloc(0)))
        break
      case FRAME.PING:
        if (!(flags & ACK)) {
          this.#write(frame(FRAME.PING, ACK, bytes.subarray(offset + FRAME_HEADER_BYTES, end)))
        }
        break
      case FRAME.WINDOW_UPDATE:
        if (bytes.readUInt32BE(offset + 5) === 0) {
          this.#sendWindow += bytes.readUInt32BE(offset + FRAME_HEADER_BYTES)
          for (const { answer, streamId } of this.#held.splice(0)) this.#sendAnswer(answer, streamId)
        }
        break
      default:
    }
  }

  /**
   * @param {number} streamId
   * @param {Buffer} block
   * @param {number} flags
   */
  #onHeaders(streamId, block, flags) {
    this.#allowance.opened()
    if (this.#options.refuseDead && isForDeadToken(block)) this.#dead.add(streamId)
    if (flags & END_STREAM) this.#answer(streamId)
  }

  /**
   * @param {number} streamId
   * @param {number} byteCount
   * @param {number} flags
   */
  #onData(streamId, byteCount, flags) {
    const isLast = (flags & END_STREAM) !== 0
    this.#allowance.received(streamId, byteCount, isLast)
    this.#receivedSinceRefill += byteCount
    this.#planFlush()
    if (isLast) this.#answer(streamId)
  }

  /** @param {number} increment */
  #grant(increment) {
    this.#write(windowUpdate(increment))
    this.#granted += increment
  }

  /** @param {number} streamId */
  #answer(streamId) {
    const answer = chooseAnswer(streamId, this.#dead.delete(streamId), this.#options)
    this.#counts.requests += 1
    if (answer !== ACCEPTED) this.#counts.refused += 1
    this.#sendAnswer(answer, streamId)
  }

  /**
   * @param {import('./sink-answers.mjs').Answer} answer
   * @param {number} streamId
   */
  #sendAnswer(answer, streamId) {
    if (this.#sendWindow < answer.dataBytes) {
      this.#held.push({ answer, streamId })
      return
    }
    this.#sendWindow -= answer.dataBytes
    this.#reserve(answer.bytes.length)
    this.#outputBytes = writeAnswer(answer, streamId, this.#output, this.#outputBytes)
    this.#answers += 1
    if (answer === ACCEPTED) this.#limitStreams(this.#governor.accepted())
    else if (answer === BAD_DEVICE_TOKEN) this.#limitStreams(this.#governor.refused())
  }

  /** @param {number | undefined} limit undefined when it does not change */
  #limitStreams(limit) {
    if (limit === undefined) return
    this.#counts.limitChanges += 1
    this.#write(frame(FRAME.SETTINGS, 0, streamLimitSettings(limit)))
    this.#allowance.limitStreams(limit)
  }

  /** @param {Buffer} bytes */
  #write(bytes) {
    this.#reserve(bytes.length)
    this.#output.set(bytes, this.#outputBytes)
    this.#outputBytes += bytes.length
  }

  /**
   * Makes room for bytes and plans their flush: everything answered in one turn of the event loop is one socket write.
   *
   * @param {number} byteCount
   */
  #reserve(byteCount) {
    if (this.#outputBytes + byteCount > this.#output.length) {
      const grown = Buffer.allocUnsafeSlow(this.#output.length * 2)
      this.#output.copy(grown, 0, 0, this.#outputBytes)
      this.#output = grown
    }
    this.#planFlush()
  }

  #planFlush() {
    if (this.#flushPlanned) return
    this.#flushPlanned = true
    setImmediate(() => this.#flush())
  }

  #flush() {
    if (this.#receivedSinceRefill >= this.#refillBytes) {
      this.#grant(this.#receivedSinceRefill)
      this.#receivedSinceRefill = 0
    }
    this.#flushPlanned = false
    if (this.#outputBytes === 0) return
    // A copy, as large as it has to be: with a long delay there are thousands under way.
    const bytes = Buffer.from(this.#output.subarray(0, this.#outputBytes))
    this.#line.push({ bytes, answers: this.#answers, granted: this.#granted })
    this.#outputBytes = 0
    this.#answers = 0
    this.#granted = 0
  }

  /**
   * @param {{ bytes: Buffer, answers: number, granted: number }} block
   * @param {number} heldMs
   */
  #send({ bytes, answers, granted }, heldMs) {
    if (!this.#socket.writable) return
    this.#socket.write(bytes)
    this.#allowance.closed(answers)
    this.#allowance.grant(granted)
    this.#counts.writes += 1
    this.#counts.heldMs += heldMs
  }
}

/** @param {number} increment */
function windowUpdate(increment) {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(increment)
  return frame(FRAME.WINDOW_UPDATE, 0, payload)
}
