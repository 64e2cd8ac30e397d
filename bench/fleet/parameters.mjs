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
  worker: {
    windowTokens: 20_000,
    leaseMs: 60_000,
    pollMs: 1000,
    maxConnections: 8,
    payloadBytes: 186,
    requestTimeoutMs: 20_000,
    connectTimeoutMs: 10_000,
    maxConnectionAgeMs: 86_400_000,
    sendMicroseconds: 0.75,
    answerMicroseconds: 0.4,
    batchMicroseconds: 300,
    recordMicroseconds: 40,
  },
  retry: { maxAttempts: 10, retryDelayMs: 1000, maxRetryDelayMs: 900_000, maxRetryTimeMs: 3_600_000 },
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
  database: { cores: 2, roundTripMs: 0.5, roundTrips: 3, commitMs: 1 },
  statements: {
    transaction: 300,
    claimBatch: 100,
    recordBatch: 100,
    recordFailure: 15,
    renewBatch: 30,
    appendBatch: 200,
  },
}
