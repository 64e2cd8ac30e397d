/**
 * What a client gets to do.
 *
 * @typedef {object} Task
 * @property {number} port the sink's port on 127.0.0.1
 * @property {string} cert the sink's certificate, its own authority, as PEM
 * @property {string} key a P-256 key as PEM
 * @property {ReturnType<typeof import('../workload.mjs').makePayload>} payload
 * @property {number} window how many notifications may wait for their answer
 * @property {number} maxConnections for clients that open more than one connection by themselves and take a limit
 * @property {string} library the file URL of the apns-worker to measure
 *
 * A client's module exports `open`; what it returns sends to a list of tokens and counts the outcomes.
 *
 * @typedef {(task: Task) => Promise<{
 *   send(tokens: string[]): Promise<{ accepted: number, refused: number }>,
 *   close(): Promise<unknown>,
 * }>} Open
 *
 * @typedef {object} ClientEntry
 * @property {string} name on the command line; a JavaScript client's module is `clients/<name>.mjs`
 * @property {string} title in the table
 * @property {number} count how many notifications a full round sends: some seconds' work
 */

/** @type {readonly ClientEntry[]} */
export const CLIENTS = [
  { name: 'apns-worker-list', title: 'apns-worker, one message to all tokens', count: 1_000_000 },
  { name: 'apns-worker-single', title: 'apns-worker, a message and a promise for each', count: 500_000 },
  { name: 'apns-worker-outbox', title: 'apns-worker, durable, to all tokens', count: 1_000_000 },
  { name: 'apns-worker-gateway', title: 'apns-worker, BinaryBackend, to all tokens', count: 1_000_000 },
  { name: 'h2load', title: 'h2load (nghttp2, C)', count: 1_000_000 },
  { name: 'node-http2', title: 'node:http2, by hand', count: 100_000 },
  { name: 'node-apn', title: '@parse/node-apn', count: 50_000 },
  { name: 'apns2', title: 'apns2', count: 20_000 },
]
