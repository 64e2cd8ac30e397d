const SETTINGS = 4
const PING = 6
const WINDOW_UPDATE = 8
const HEADER_BYTES = 9
const ACK = 1
const DEFAULT_WINDOW = 65_535
const Setting = { headerTableSize: 1, initialWindowSize: 4, maxFrameSize: 5 } as const

/** What a SETTINGS frame of the peer says; undefined: nothing about it. */
export interface PeerSettingsFrame {
  readonly headerTableSizes: readonly number[]
  readonly initialWindowSize: number | undefined
  readonly maxFrameSize: number | undefined
}

/**
 * What a peer has said that binds us: reads its bytes only as far as that needs, and as generously as can be. Where they
 * break the rules the session fails, and nothing is bound any more.
 */
export class PeerPromises {
  /** SETTINGS that were not acknowledged yet, oldest first. */
  readonly settings: PeerSettingsFrame[] = []
  /** PING payloads that were not answered yet, oldest first. */
  readonly pings: string[] = []
  /** All that WINDOW_UPDATE added to a stream's window, and under 0 to the connection's. */
  readonly credits: Map<number, number> = new Map([[0, DEFAULT_WINDOW]])
  #unread: Buffer = Buffer.alloc(0)

  receive(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes])
    let at = 0
    while (this.#unread.length - at >= HEADER_BYTES) {
      const length = this.#unread.readUIntBE(at, 3)
      if (this.#unread.length - at < HEADER_BYTES + length) break
      const [type, flags] = [this.#unread.readUInt8(at + 3), this.#unread.readUInt8(at + 4)]
      const streamId = this.#unread.readUInt32BE(at + 5) & 0x7fff_ffff
      this.#frame(type, flags, streamId, this.#unread.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length))
      at += HEADER_BYTES + length
    }
    this.#unread = this.#unread.subarray(at)
  }

  #frame(type: number, flags: number, streamId: number, payload: Buffer): void {
    const isAck = (flags & ACK) !== 0
    if (type === WINDOW_UPDATE && payload.length === 4) {
      const increment = payload.readUInt32BE(0) & 0x7fff_ffff
      this.credits.set(streamId, (this.credits.get(streamId) ?? 0) + increment)
    } else if (type === PING && !isAck) this.pings.push(payload.toString('hex'))
    else if (type === SETTINGS && !isAck && payload.length % 6 === 0)
      this.settings.push(readSettings(payload))
  }
}

function readSettings(payload: Buffer): PeerSettingsFrame {
  const found = { headerTableSizes: [] as number[], initialWindowSize: undefined, maxFrameSize: undefined }
  const settings: { -readonly [K in keyof PeerSettingsFrame]: PeerSettingsFrame[K] } = found
  for (let at = 0; at < payload.length; at += 6) {
    const value = payload.readUInt32BE(at + 2)
    const setting = payload.readUInt16BE(at)
    if (setting === Setting.headerTableSize) found.headerTableSizes.push(value)
    else if (setting === Setting.initialWindowSize) settings.initialWindowSize = value
    else if (setting === Setting.maxFrameSize) settings.maxFrameSize = value
  }
  return settings
}
