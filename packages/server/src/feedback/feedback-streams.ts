import type { FastifyReply } from 'fastify'
import type { AppRegistry } from '../apps/app-registry.js'
import type { FeedbackPage } from '../outbox/dead-tokens.js'
import { encodeCursor } from './cursor.js'
import { reportOf } from './dead-token-report.js'
import type { FeedbackFollower, FollowQuery } from './feedback-follower.js'
import { PacedWriter } from './paced-writer.js'
import type { WaitingClient } from './waiting-clients.js'

export const NDJSON_TYPE = 'application/x-ndjson'
export const SSE_TYPE = 'text/event-stream'

export interface StreamContext {
  readonly follower: FeedbackFollower
  readonly apps: AppRegistry
  readonly heartbeatMs: number
  readonly stallMs: number
  readonly streamMs: number
}

/** Read from the store at a time: what one client that does not read holds in memory. */
export const STREAMED_PAGE = 100
/** After so long, a client that has lost its stream asks for another. */
const RECONNECT_MS = 3000
/** At a stop they come back later, and not all at once. */
const RETURN_MS = 5000
const RETURN_SPREAD_MS = 5000

/** All that there is, as a line of JSON each, in bounded memory. */
export async function sendLines(
  { follower, apps, stallMs }: StreamContext,
  reply: FastifyReply,
  first: FeedbackPage,
  query: FollowQuery,
): Promise<void> {
  const writer = open(reply, NDJSON_TYPE, stallMs)
  let left = query.limit
  for (let page = first; page.items.length > 0; ) {
    const lines = page.items.slice(0, left).map((item) => `${JSON.stringify(reportOf(apps, item))}\n`)
    left -= lines.length
    if (!(await writer.write(lines.join(''))) || left === 0) break
    const read = await attempt(reply, follower.read({ ...query, after: page.next, limit: STREAMED_PAGE }))
    if (read === undefined) return
    page = read
  }
  await writer.end('')
}

/** All that there is and all that comes, as server-sent events (HTML, section 9.2), for as long as the client stays. */
export async function sendEvents(
  { follower, apps, stallMs, heartbeatMs, streamMs }: StreamContext,
  reply: FastifyReply,
  first: FeedbackPage,
  query: FollowQuery,
  client: WaitingClient,
): Promise<void> {
  const writer = open(reply, SSE_TYPE, stallMs)
  const endsAtMs = performance.now() + streamMs
  const eventsOf = (page: FeedbackPage): string =>
    page.items.length === 0 ? heartbeat(page.next) : page.items.map(eventOf).join('')
  const eventOf = (item: FeedbackPage['items'][number]): string => {
    const report = reportOf(apps, item)
    return `id: ${report.cursor}\ndata: ${JSON.stringify(report)}\n\n`
  }
  let page = first
  let isReading = await writer.write(`retry: ${RECONNECT_MS}\n\n${eventsOf(page)}`)
  while (isReading && client.isStaying && performance.now() < endsAtMs) {
    const waitMs = Math.min(heartbeatMs, endsAtMs - performance.now())
    const from = { ...query, after: page.next, limit: STREAMED_PAGE }
    const read = await attempt(
      reply,
      client.during(waitMs, (signal) => follower.next(from, signal)),
    )
    if (read === undefined) return
    page = read
    isReading = await writer.write(eventsOf(page))
  }
  // Whose time is over comes back as after any loss; at a stop, the server needs a moment.
  await writer.end(client.isStaying ? '' : `retry: ${returnMs()}\n\n`)
}

function returnMs(): number {
  return RETURN_MS + Math.floor(Math.random() * RETURN_SPREAD_MS)
}

/** A comment keeps proxies from closing the connection; an id without data is no event, and keeps the client's place. */
function heartbeat(next: number): string {
  return `:\nid: ${encodeCursor(next)}\n\n`
}

function open(reply: FastifyReply, type: string, stallMs: number): PacedWriter {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': type,
    'cache-control': 'no-store',
    vary: 'accept',
    // Else nginx would collect events before it passes them on.
    'x-accel-buffering': 'no',
    connection: 'close',
  })
  raw.flushHeaders()
  return new PacedWriter(raw, stallMs)
}

/** The head has gone out: all that can be said of an error is that the answer is not complete. */
async function attempt<T>(reply: FastifyReply, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    reply.log.error({ err: error }, 'a stream of dead tokens was cut off')
    reply.raw.destroy()
    return undefined
  }
}
