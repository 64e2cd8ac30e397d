import type { DoctorCode } from './codes.js'
import type { CheckName, Diagnosis } from './diagnosis.js'

/** What a check says, and what it has learned that later checks need. */
export interface CheckResult<Context>
  extends Pick<Diagnosis, 'verdict' | 'code' | 'text'>,
    Partial<Pick<Diagnosis, 'advice' | 'parts' | 'facts'>> {
  readonly learned?: Partial<Context>
}

/** One step of an examination: from what is known so far to a verdict. */
export interface Check<Context> {
  readonly name: CheckName
  /** The checks without which this one makes no sense: it is skipped when one of them has failed. */
  readonly needs: readonly CheckName[]
  /** Whether there is anything to check; default: yes. */
  readonly applies?: (context: Context) => boolean
  /** Gives up and throws the signal's reason when it aborts, if it takes time at all. */
  readonly run: (
    context: Context,
    signal: AbortSignal,
  ) => CheckResult<Context> | Promise<CheckResult<Context>>
  /** What there is to say when `run` took too long. */
  readonly late?: (context: Context, seconds: number) => CheckResult<Context>
}

type More<Context> = Omit<CheckResult<Context>, 'verdict' | 'code' | 'text' | 'advice'>

export function ok<Context>(text: string, more: More<Context> = {}): CheckResult<Context> {
  return { verdict: 'ok', code: 'OK', text, ...more }
}

export function warning<Context>(
  code: DoctorCode,
  words: { readonly text: string; readonly advice: string },
  more: More<Context> = {},
): CheckResult<Context> {
  return { verdict: 'warning', code, ...words, ...more }
}

export function problem<Context>(
  code: DoctorCode,
  words: { readonly text: string; readonly advice?: string | undefined },
  more: More<Context> = {},
): CheckResult<Context> {
  return { verdict: 'problem', code, ...words, ...more }
}

export function skipped<Context>(code: DoctorCode, text: string): CheckResult<Context> {
  return { verdict: 'skipped', code, text }
}

/** The `code` of an error of Node's, or what else there is to call it. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.message : String(error)
}
