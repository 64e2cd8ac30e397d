export type AppConfigurationErrorCode = 'APP_UNKNOWN' | 'APP_OPTION_INVALID' | 'APP_CREDENTIALS_INVALID'

/** What is wrong with the configuration of apps; the message begins with the path of the offending key. */
export class AppConfigurationError extends TypeError {
  override readonly name = 'AppConfigurationError'
  readonly code: AppConfigurationErrorCode
  /** The app's name; undefined for what is not about one. */
  readonly app: string | undefined
  /** Such as `apps["com.example.app"].keyId`. */
  readonly path: string

  constructor(
    code: AppConfigurationErrorCode,
    path: string,
    message: string,
    { app, cause }: { readonly app?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.app = app
    this.path = path
  }
}
