import type { ByteWriter } from './byte-writer.js'
import { DEFAULT_WINDOW, FrameType } from './frame.js'
import { DEFAULT_HEADER_TABLE_SIZE } from './hpack-static-table.js'
import { CONNECTION_WINDOW_BYTES, MAX_HEADER_LIST_BYTES } from './limits.js'
import { Setting } from './peer-settings.js'

/** What a client sends first (RFC 9113 section 3.4): the preface, our SETTINGS, and the connection's larger window. */
export function writePreface(output: ByteWriter, headerTableSize: number): void {
  output.latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  const settings: [number, number][] = [
    [Setting.ENABLE_PUSH, 0],
    [Setting.MAX_HEADER_LIST_SIZE, MAX_HEADER_LIST_BYTES],
  ]
  if (headerTableSize !== DEFAULT_HEADER_TABLE_SIZE)
    settings.push([Setting.HEADER_TABLE_SIZE, headerTableSize])
  output.frameHeader(settings.length * 6, FrameType.SETTINGS << 8, 0)
  for (const [setting, value] of settings) {
    output.byte(setting >>> 8)
    output.byte(setting)
    output.uint32(value)
  }
  output.frameHeader(4, FrameType.WINDOW_UPDATE << 8, 0)
  output.uint32(CONNECTION_WINDOW_BYTES - DEFAULT_WINDOW)
}
