import type { CheckedServer, Diagnosis } from 'apns-worker/doctor'

/** The report for programs: one line. Every key is always there, null where there is nothing to say. */
export function jsonReport(diagnoses: readonly Diagnosis[]): string {
  const count = (wanted: Diagnosis['verdict']): number =>
    diagnoses.filter(({ verdict }) => verdict === wanted).length
  const problems = count('problem')
  const warnings = count('warning')
  return JSON.stringify({
    verdict: problems > 0 ? 'problem' : warnings > 0 ? 'warning' : 'ok',
    problems,
    warnings,
    checks: diagnoses.map(checkOf),
  })
}

function checkOf({ check, server, verdict, code, text, advice, parts, ...rest }: Diagnosis): object {
  const { facts, seconds, blocks, because } = rest
  return {
    check,
    server: server === undefined ? null : serverOf(server),
    verdict,
    code,
    text,
    advice: advice ?? null,
    parts: parts.map((part) => ({ ...part, seconds: rounded(part.seconds) })),
    facts,
    seconds: rounded(seconds),
    blocks,
    because: because ?? null,
  }
}

function serverOf({ name, service, environment, host, port, proxy }: CheckedServer): object {
  return { name, service, environment: environment ?? null, host, port, proxy: proxy ?? null }
}

/** To milliseconds. */
function rounded(seconds: number | undefined): number | null {
  return seconds === undefined ? null : Number(seconds.toFixed(3))
}
