/** What the command's exit code says; a part of its interface, like its options. */
export const EXIT_CODE = {
  /** Every notification was accepted. */
  allSent: 0,
  /** Some notifications were refused, expired or left unsent, or some lines held no token. */
  someFailed: 1,
  /** Nothing could be sent, or sending had to stop: usage, credentials, or what is wrong for every notification. */
  couldNotRun: 2,
  /** Stopped by Ctrl-C, as shells count it: 128 and the number of SIGINT. */
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE]

/** For `--help`. */
export const EXIT_CODE_HELP: string = `
Exit codes:
  ${EXIT_CODE.allSent}    every notification was accepted
  ${EXIT_CODE.someFailed}    some were refused or not sent, or some lines held no device token
  ${EXIT_CODE.couldNotRun}    could not run: wrong usage or credentials, or an error that concerns every notification
  ${EXIT_CODE.interrupted}  stopped by Ctrl-C`
