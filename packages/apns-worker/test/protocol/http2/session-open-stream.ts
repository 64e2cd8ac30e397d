import type { SessionOptions } from '#src/protocol/http2/session-options.js'
import { Dialogue } from './support/dialogue.js'

/** What a session says of a peer that costs too much. */
export const CALM = 'failed ENHANCE_YOUR_CALM'

/** A session with stream 1 closed, stream 3 open and nothing left to read. */
export function withOpenStream(options: SessionOptions = {}): Dialogue {
  const dialogue = Dialogue.established(options)
  dialogue.session.cancel(dialogue.open())
  dialogue.open()
  dialogue.take()
  return dialogue
}
