/** What is wrong with the arguments of a message. */
export type MessageErrorCode =
  | 'BAD_TOKENS'
  | 'BAD_TOKEN'
  | 'BAD_PAYLOAD'
  | 'PAYLOAD_TOO_LARGE'
  | 'BAD_EXPIRATION'
  | 'BAD_PRIORITY'
  | 'BAD_PUSH_TYPE'
  | 'BAD_TOPIC'
  | 'BAD_COLLAPSE_ID'
  | 'BAD_APNS_ID'
  | 'BAD_CHANNEL'
  | 'BAD_OPTION'
  | 'WRONG_BACKEND'

/** A message that cannot be sent, whoever tries: thrown by `new Message` and by `sendMessage`, before anything is queued. */
export class MessageError extends TypeError {
  override readonly name = 'MessageError'
  readonly code: MessageErrorCode
  /** With `BAD_TOKEN`: which token of the list. */
  readonly index: number | undefined
  /** With `BAD_PAYLOAD`: where it is wrong, as in `payload.aps.alert.loc-args[1]`. */
  readonly path: string | undefined

  constructor(
    code: MessageErrorCode,
    message: string,
    { index, path, cause }: { index?: number; path?: string; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.index = index
    this.path = path
  }
}
