/**
 * What a scenario does not say. Where a figure was measured, it says how; where nobody outside Apple knows it, it says so.
 *
 * @typedef {object} Parameters
 * @property {import('./worker.mjs').WorkerParameters} worker
 * @property {import('./back-off.mjs').RetryParameters} retry
 * @property {import('./apns.mjs').ApnsParameters} apns
 * @property {import('./database.mjs').DatabaseParameters} database
 * @property {import('./worker.mjs').StatementCosts} statements
 */

/** @type {Parameters} */
export const PARAMETERS = {
  // The server's and the library's defaults; and what `npm run bench -- shared` and `-- statements` have measured on one core of
  // a Xeon at 2.6 GHz.
  worker: {
    windowTokens: 20_000,
    leaseMs: 60_000,
    pollMs: 1000,
    maxConnections: 8,
    payloadBytes: 186,
    requestTimeoutMs: 20_000,
    connectTimeoutMs: 10_000,
    maxConnectionAgeMs: 86_400_000,
    sendMicroseconds: 0.8,
    answerMicroseconds: 0.5,
    transactionMicroseconds: 600,
    batchMicroseconds: 200,
    recordMicroseconds: 60,
  },
  // The library's defaults.
  retry: { maxAttempts: 10, retryDelayMs: 1000, maxRetryDelayMs: 900_000, maxRetryTimeMs: 3_600_000 },
  // What Apple's service grants and takes is not documented, but for `streams` and that there is but one at first: these are
  // guesses, to be replaced by what you see.
  apns: {
    roundTripMs: 50,
    roundTripSigma: 0.2,
    tailShare: 0.001,
    tailMs: 500,
    connectionMicroseconds: 0,
    streams: 1000,
    windowBytes: Number.POSITIVE_INFINITY,
    deadShare: 0.01,
    unavailableShare: 0,
    isGoverned: true,
    connectionLifeMs: 3_600_000,
    appLimits: {},
    troubles: [],
  },
  // In the same data centre, on a machine of its own, with a disk that says within a millisecond that it has something.
  database: { cores: 2, roundTripMs: 0.5, roundTrips: 5, commitMs: 1 },
  // `npm run bench -- statements`.
  statements: {
    transaction: 1100,
    claimBatch: 140,
    recordBatch: 70,
    recordFailure: 18,
    renewBatch: 40,
    appendBatch: 210,
  },
}

/** On a machine of its own, the store is a thread beside (`packages/server/bench/outbox.mjs`): no network, one wait for the disk. */
export const EMBEDDED = {
  worker: { transactionMicroseconds: 100, batchMicroseconds: 80, recordMicroseconds: 20 },
  database: { cores: 1, roundTripMs: 0.1, roundTrips: 2, commitMs: 0.5 },
  statements: {
    transaction: 100,
    claimBatch: 60,
    recordBatch: 50,
    recordFailure: 10,
    renewBatch: 10,
    appendBatch: 100,
  },
}

/** Where each message is one token (`npm run bench -- statements`). */
export const SINGLES = {
  worker: { batchMicroseconds: 40, recordMicroseconds: 10 },
  statements: { claimBatch: 45, recordBatch: 25, appendBatch: 15 },
}
