import { setMaxListeners } from 'node:events'
import type { Check, CheckResult } from './check.js'
import type { CheckedServer, CheckName, Diagnosis } from './diagnosis.js'

/** Checks that failed or were skipped, and the one that it began with. */
export type Failures = Map<CheckName, CheckName>

/** What a run of checks goes by, besides its context. */
export interface RunOptions {
  readonly server: CheckedServer | undefined
  /** For each check, in milliseconds. */
  readonly timeoutMs: number
  /** Of checks before these; those that fail are added. */
  readonly failures: Failures
  /** Checks that follow these with another context. */
  readonly later: readonly Pick<Check<never>, 'name' | 'needs'>[]
}

class LateError extends Error {
  override readonly name = 'LateError'
}

/**
 * Makes one check after the other; each may use what those before it have learned, and is skipped when one that it needs
 * has failed.
 *
 * @returns the context, with all that was learned
 */
export async function* runChecks<Context>(
  checks: readonly Check<Context>[],
  start: Context,
  { server, timeoutMs, failures, later }: RunOptions,
): AsyncGenerator<Diagnosis, Context, undefined> {
  let context = start
  for (const [index, check] of checks.entries()) {
    if (check.applies?.(context) === false) continue
    const culprit = check.needs.map((name) => failures.get(name)).find((name) => name !== undefined)
    if (culprit !== undefined) {
      failures.set(check.name, culprit)
      yield notMade(check.name, server, culprit)
      continue
    }
    const startedMs = performance.now()
    const { learned, ...result } = await makeCheck(check, context, timeoutMs)
    const seconds = (performance.now() - startedMs) / 1000
    context = { ...context, ...learned }
    const isFailure = result.verdict === 'problem'
    if (isFailure) failures.set(check.name, check.name)
    const following = [
      ...checks.slice(index + 1).filter(({ applies }) => applies?.(context) !== false),
      ...later,
    ]
    yield {
      check: check.name,
      server,
      verdict: result.verdict,
      code: result.code,
      text: result.text,
      advice: result.advice,
      parts: result.parts ?? [],
      facts: result.facts ?? {},
      seconds,
      blocks: isFailure ? dependentsOf(check.name, following) : [],
      because: undefined,
    }
  }
  return context
}

async function makeCheck<Context>(
  check: Check<Context>,
  context: Context,
  timeoutMs: number,
): Promise<CheckResult<Context>> {
  const controller = new AbortController()
  // Each address that is tried listens to it.
  setMaxListeners(0, controller.signal)
  const timer = setTimeout(() => controller.abort(new LateError()), timeoutMs)
  try {
    return await check.run(context, controller.signal)
  } catch (error) {
    if (!(error instanceof LateError) || check.late === undefined) throw error
    return check.late(context, timeoutMs / 1000)
  } finally {
    clearTimeout(timer)
  }
}

function dependentsOf(
  failed: CheckName,
  following: readonly Pick<Check<never>, 'name' | 'needs'>[],
): CheckName[] {
  const affected = new Set([failed])
  for (const { name, needs } of following) {
    if (needs.some((need) => affected.has(need))) affected.add(name)
  }
  affected.delete(failed)
  return [...affected]
}

function notMade(check: CheckName, server: CheckedServer | undefined, because: CheckName): Diagnosis {
  return {
    check,
    server,
    verdict: 'skipped',
    code: 'NOT_CHECKED',
    text: `not checked, since the check of ${because} has failed`,
    advice: undefined,
    parts: [],
    facts: {},
    seconds: 0,
    blocks: [],
    because,
  }
}
