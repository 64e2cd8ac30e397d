/** Why a server did not start, or could not be reloaded, for programs. */
export type ServerErrorCode =
  /** Another server with the same owner works on the same store. */
  | 'ALREADY_RUNNING'
  /** The address cannot be listened on. */
  | 'CANNOT_LISTEN'
  /** What the configuration asks for needs a package that is not installed. */
  | 'PACKAGE_MISSING'
  /** The configuration is well-formed, and this server cannot go on with it. */
  | 'CANNOT_RELOAD'

/** Its message says what to do. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly code: ServerErrorCode

  constructor(code: ServerErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
