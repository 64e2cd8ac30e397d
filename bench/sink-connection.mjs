import { ACCEPTED, BAD_DEVICE_TOKEN, frame, UNREGISTERED, writeAnswer } from './sink-answers.mjs'

const PREFACE_BYTES = 24
const FRAME_HEADER_BYTES = 9
const FRAME = { DATA: 0x0, HEADERS: 0x1, SETTINGS: 0x4, PING: 0x6, WINDOW_UPDATE: 0x8 }
const END_STREAM = 0x1
const ACK = 0x1

/** Apple's values (HEADER_TABLE_SIZE, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_HEADER_LIST_SIZE). */
const SETTINGS = [
  [0x1, 4096],
  [0x3, 1000],
  [0x4, 65_535],
  [0x6, 8000],
]
const INITIAL_WINDOW_BYTES = 65_535
const LARGEST_WINDOW_BYTES = 2 ** 31 - 1
/** The client's connection window is opened again whenever this much of it is used. */
const WINDOW_REFILL_BYTES = 2 ** 24
/** Room for a turn's answers, so that it seldom has to grow. */
const OUTPUT_BYTES = 64 * 1024
const KNUTH_MULTIPLIER = 2_654_435_761

/**
 * @typedef {object} SinkOptions
 * @property {number} delayMs how long each answer is held back, in milliseconds (stands for the round trip)
 * @property {number} refusedShare share of requests refused, 0 to 1, half with 400 and half with 410
 *
 * @typedef {object} SinkCounts
 * @property {number} connections
 * @property {number} requests
 * @property {number} refused
 * @property {number} bytesReceived
 * @property {string} cipher
 */

/**
 * Answers every request on a connection until it closes.
 *
 * @param {import('node:tls').TLSSocket} socket
 * @param {SinkOptions} options
 * @param {SinkCounts} counts shared by all connections
 */
export function serve(socket, options, counts) {
  const connection = new SinkConnection(socket, options, counts)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => connection.receive(chunk))
}

/** The sink's end of one connection: finds the end of each request and answers it. It checks nothing at all. */
class SinkConnection {
  /** @type {import('node:tls').TLSSocket} */
  #socket
  /** @type {SinkOptions} */
  #options
  /** @type {SinkCounts} */
  #counts
  /**
   * Bytes of a frame whose end has not come yet.
   *
   * @type {Buffer}
   */
  #rest = Buffer.alloc(0)
  #prefaceSeen = false
  #output = Buffer.allocUnsafeSlow(OUTPUT_BYTES)
  #outputBytes = 0
  #flushPlanned = false
  #receivedSinceRefill = 0
  /** What the client lets us send in DATA frames, for the connection. Bodies are far smaller than a stream's window. */
  #sendWindow = INITIAL_WINDOW_BYTES
  /** @type {number[]} refused streams that wait for that window */
  #held = []

  /**
   * @param {import('node:tls').TLSSocket} socket
   * @param {SinkOptions} options
   * @param {SinkCounts} counts
   */
  constructor(socket, options, counts) {
    this.#socket = socket
    this.#options = options
    this.#counts = counts
    counts.connections += 1
    counts.cipher = socket.getCipher().name
    socket.setNoDelay(true)
    const settings = Buffer.alloc(SETTINGS.length * 6)
    SETTINGS.forEach(([id, value], index) => {
      settings.writeUInt16BE(id, index * 6)
      settings.writeUInt32BE(value, index * 6 + 2)
    })
    this.#write(frame(FRAME.SETTINGS, 0, settings))
    this.#write(windowUpdate(LARGEST_WINDOW_BYTES - INITIAL_WINDOW_BYTES))
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
        this.#refillWindow(end - offset - FRAME_HEADER_BYTES)
        if (flags & END_STREAM) this.#answer(bytes.readUInt32BE(offset + 5))
        break
      case FRAME.HEADERS:
        if (flags & END_STREAM) this.#answer(bytes.readUInt32BE(offset + 5))
        break
      case FRAME.SETTINGS:
        if (!(flags & ACK)) this.#write(frame(FRAME.SETTINGS, ACK, Buffer.alloc(0)))
        break
      case FRAME.PING:
        if (!(flags & ACK)) {
          this.#write(frame(FRAME.PING, ACK, bytes.subarray(offset + FRAME_HEADER_BYTES, end)))
        }
        break
      case FRAME.WINDOW_UPDATE:
        if (bytes.readUInt32BE(offset + 5) === 0) {
          this.#sendWindow += bytes.readUInt32BE(offset + FRAME_HEADER_BYTES)
          for (const streamId of this.#held.splice(0)) this.#refuse(streamId)
        }
        break
      default:
    }
  }

  /** @param {number} received */
  #refillWindow(received) {
    this.#receivedSinceRefill += received
    if (this.#receivedSinceRefill < WINDOW_REFILL_BYTES) return
    this.#write(windowUpdate(this.#receivedSinceRefill))
    this.#receivedSinceRefill = 0
  }

  /** @param {number} streamId */
  #answer(streamId) {
    this.#counts.requests += 1
    if (this.#options.refusedShare > 0 && spread(streamId) < this.#options.refusedShare) {
      this.#counts.refused += 1
      this.#refuse(streamId)
    } else {
      this.#writeAnswer(ACCEPTED, streamId)
    }
  }

  /** @param {number} streamId */
  #refuse(streamId) {
    const answer = streamId & 2 ? BAD_DEVICE_TOKEN : UNREGISTERED
    if (this.#sendWindow < answer.dataBytes) {
      this.#held.push(streamId)
      return
    }
    this.#sendWindow -= answer.dataBytes
    this.#writeAnswer(answer, streamId)
  }

  /**
   * @param {import('./sink-answers.mjs').Answer} answer
   * @param {number} streamId
   */
  #writeAnswer(answer, streamId) {
    this.#reserve(answer.bytes.length)
    this.#outputBytes = writeAnswer(answer, streamId, this.#output, this.#outputBytes)
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
    if (this.#flushPlanned) return
    this.#flushPlanned = true
    setImmediate(() => this.#flush())
  }

  #flush() {
    const block = this.#output.subarray(0, this.#outputBytes)
    this.#output = Buffer.allocUnsafeSlow(OUTPUT_BYTES)
    this.#outputBytes = 0
    this.#flushPlanned = false
    if (this.#options.delayMs > 0) setTimeout(() => this.#send(block), this.#options.delayMs)
    else this.#send(block)
  }

  /** @param {Buffer} block */
  #send(block) {
    if (this.#socket.writable) this.#socket.write(block)
  }
}

/** @param {number} increment */
function windowUpdate(increment) {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(increment)
  return frame(FRAME.WINDOW_UPDATE, 0, payload)
}

/**
 * Spreads stream ids evenly and in no visible order over 0 to 1.
 *
 * @param {number} streamId
 */
function spread(streamId) {
  return (Math.imul(streamId, KNUTH_MULTIPLIER) >>> 0) / 2 ** 32
}
