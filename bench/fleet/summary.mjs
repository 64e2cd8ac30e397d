/** A resource that is used more than this limits the whole. */
const LIMITING = 0.9
/** A worker claims when half of its window is free: that is as good as all of it. */
const LIMITING_WINDOW = 0.7
/** Requests that are answered with 429: with more of them, Apple is what everything waits for. */
const LIMITING_REFUSALS = 0.05

/** What each resource is called in a table. */
export const RESOURCES = /** @type {const} */ ({
  cpu: 'CPU of the workers',
  streams: 'streams to Apple',
  database: 'CPU of a database',
  lock: 'a row of a database',
  window: 'tokens in hand',
})

/**
 * @typedef {object} Sums
 * @property {number} atMs
 * @property {number} answered
 * @property {number[]} inFlightMs of each app
 * @property {number} inHandMs
 * @property {number} workersMs
 * @property {number[]} databasesMs of each shard
 * @property {number[]} lockedMs
 *
 * @typedef {object} Run
 * @property {import('./simulate.mjs').Scenario} scenario
 * @property {import('./parameters.mjs').Parameters} parameters
 * @property {import('./books.mjs').Books} books
 * @property {Sums} from
 * @property {Sums} until
 * @property {boolean} isFinished
 * @property {number} pending
 * @property {number} lastAppendMs
 * @property {number} transactions
 * @property {number} failedCalls
 * @property {number} ambiguousCommits
 */

/**
 * A run in figures. Rates and shares are those from the end of the warm-up to when no more messages came, or all was sent.
 *
 * @param {Run} run
 */
export function summarize(run) {
  const { scenario, books, from, until } = run
  const elapsedMs = until.atMs - from.atMs
  const used = utilisation(run, elapsedMs)
  const answered = until.answered - from.answered
  return {
    title: scenario.title,
    perSecond: (answered / elapsedMs) * 1000,
    used,
    bottleneck: bottleneck(used, books.throttled / books.requests),
    meanInFlight: differences(until.inFlightMs, from.inFlightMs).reduce((sum, ms) => sum + ms, 0) / elapsedMs,
    meanAnswerMs: books.inFlightMs.mean,
    latencies: Object.fromEntries(
      [...books.latencies].map(([app, latency]) => [
        app,
        {
          answered: latency.weight,
          p50Ms: latency.percentile(0.5),
          p99Ms: latency.percentile(0.99),
          maxMs: latency.most,
        },
      ]),
    ),
    tokens: { appended: books.appended, pending: run.pending, lost: books.lost, ...books.settled },
    requests: books.requests,
    throttled: books.throttled,
    repeated: books.repeated,
    crashes: books.crashes,
    isFinished: run.isFinished,
    /** After the last message was accepted, or the beginning. */
    drainSeconds: Math.max(0, books.lastOutcomeMs - run.lastAppendMs) / 1000,
    transactions: run.transactions,
    failedCalls: run.failedCalls,
    ambiguousCommits: run.ambiguousCommits,
  }
}

/**
 * Shares of what there is, 0 to 1; of the databases, the busiest's, and of the apps, that whose streams are used most.
 *
 * @param {Run} run
 * @param {number} elapsedMs
 */
function utilisation({ scenario, parameters, from, until }, elapsedMs) {
  const { shards, workers } = scenario
  const { worker, apns, database } = parameters
  const perConnection = Math.min(apns.streams, Math.floor(apns.windowBytes / worker.payloadBytes))
  const streams = shards * workers * worker.maxConnections * perConnection
  const most = (/** @type {'databasesMs' | 'lockedMs' | 'inFlightMs'} */ name) =>
    Math.max(...differences(until[name], from[name]))
  return {
    cpu: (until.workersMs - from.workersMs) / elapsedMs / (shards * workers),
    streams: most('inFlightMs') / elapsedMs / streams,
    database: most('databasesMs') / elapsedMs / database.cores,
    lock: most('lockedMs') / elapsedMs,
    window: (until.inHandMs - from.inHandMs) / elapsedMs / (shards * workers * worker.windowTokens),
  }
}

/**
 * @param {readonly number[]} until
 * @param {readonly number[]} from
 */
function differences(until, from) {
  return until.map((sum, index) => sum - from[index])
}

/**
 * @param {ReturnType<typeof utilisation>} used
 * @param {number} throttledShare
 */
function bottleneck(used, throttledShare) {
  const names = /** @type {const} */ (['cpu', 'streams', 'database', 'lock'])
  const name = names.reduce((most, each) => (used[each] > used[most] ? each : most), 'cpu')
  if (used[name] >= LIMITING) return RESOURCES[name]
  if (throttledShare > LIMITING_REFUSALS) return "Apple's limit for an app"
  if (used.window >= LIMITING_WINDOW) return RESOURCES.window
  return `none; most used: ${RESOURCES[name]}`
}
