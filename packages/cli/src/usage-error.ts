/** What the user has to change before the command can run; its message says so, and is all that is shown. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The words of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
