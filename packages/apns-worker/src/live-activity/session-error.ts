export type LiveActivityErrorCode = 'ALREADY_STARTED' | 'ENDED' | 'CLOSED' | 'NO_TOKEN' | 'HAS_CHANNEL'

/** A call that comes too late, or too early, in the life of an activity. */
export class LiveActivityError extends Error {
  override readonly name = 'LiveActivityError'
  readonly code: LiveActivityErrorCode

  constructor(code: LiveActivityErrorCode) {
    super(TEXTS[code])
    this.code = code
  }
}

const TEXTS: Readonly<Record<LiveActivityErrorCode, string>> = {
  ALREADY_STARTED: 'the activity was started already; make a session for each activity',
  ENDED: 'the activity was ended; a device ignores what comes after the end',
  CLOSED: 'the session is closed',
  HAS_CHANNEL:
    'this session is for a channel, which has no token and starts nothing: start the activity on the devices by messages, with the channel in input-push-channel',
  NO_TOKEN: "the session was closed before the activity's token was known; see changeToken",
}
