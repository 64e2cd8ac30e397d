import { formatTable } from '../table.mjs'

/** @typedef {ReturnType<typeof import('./simulate.mjs').simulate>} Summary */

/**
 * @param {Record<string, Summary>} results by scenario
 * @returns {string}
 */
export function describe(results) {
  const head = [
    'scenario',
    'a second',
    'CPU',
    'streams',
    'in hand',
    'database',
    'row lock',
    'repeated',
    'lost',
    'drained',
    'bottleneck',
  ]
  const rows = Object.entries(results).map(([name, result]) => [
    name,
    whole(result.perSecond),
    percent(result.used.cpu),
    percent(result.used.streams),
    percent(result.used.window),
    percent(result.used.database),
    percent(result.used.lock),
    whole(result.repeated),
    whole(result.tokens.lost),
    result.isFinished ? `${result.drainSeconds.toFixed(1)} s` : `${whole(result.tokens.pending)} left`,
    result.bottleneck,
  ])
  const latencyHead = ['from accepted to answered', 'answered', 'p50', 'p99', 'longest', 'given up']
  const latencyRows = Object.entries(results).flatMap(([name, { latencies, tokens }]) =>
    Object.entries(latencies).map(([app, { answered, p50Ms, p99Ms, maxMs }]) => [
      `${name}: ${app}`,
      whole(answered),
      ...[p50Ms, p99Ms, maxMs].map(duration),
      whole(tokens.gaveUp + tokens.unknown),
    ]),
  )
  return [formatTable(head, rows), '', formatTable(latencyHead, latencyRows)].join('\n')
}

/** @param {number} value */
function whole(value) {
  return Math.round(value).toLocaleString('en')
}

/** @param {number} share */
function percent(share) {
  return `${(share * 100).toFixed(0)} %`
}

/** @param {number} ms */
function duration(ms) {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`
}
