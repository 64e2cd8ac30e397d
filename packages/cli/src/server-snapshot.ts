import type { Answer, ApiClient, AskOptions } from './api-client.js'
import { ApiError, notOurs } from './api-error.js'
import type { AppReport, MessageReport, Readiness, WorkerReport } from './api-reports.js'

/** How it is with a server. */
export interface ServerSnapshot {
  readonly server: string
  readonly readiness: Readiness
  /** These are left out where the server does not tell them: one that only sends, or has no store at the time. */
  readonly apps?: readonly AppReport[]
  readonly workers?: readonly WorkerReport[]
  /** The newest first. */
  readonly messages?: readonly MessageReport[]
}

const UNAVAILABLE = 503

/**
 * Asks a server how it is.
 *
 * @param limit of how many messages
 * @throws {ApiError}
 */
export async function readSnapshot(
  api: ApiClient,
  limit: number,
  { signal }: Pick<AskOptions, 'signal'> = {},
): Promise<ServerSnapshot> {
  const asked = signal === undefined ? {} : { signal }
  const answer = await api.get('/readyz', { ...asked, alsoStatus: UNAVAILABLE })
  const readiness = readinessOf(answer, api.server)
  const { server } = api
  if (readiness.role === 'worker') return { server, readiness }
  const isDown = readiness.status === 'unavailable'
  const list = async <Item>(path: string): Promise<readonly Item[] | undefined> => {
    try {
      const { items } = await api.get(path, asked)
      // As the API's document describes it.
      return items as readonly Item[]
    } catch (error) {
      // Whoever asks wants to know above all that it is down, and why.
      if (isDown && error instanceof ApiError && error.mayPass) return undefined
      throw error
    }
  }
  const [apps, workers, messages] = await Promise.all([
    list<AppReport>('/v1/apps'),
    list<WorkerReport>('/v1/workers'),
    list<MessageReport>(`/v1/messages?limit=${limit}`),
  ])
  return {
    server,
    readiness,
    ...(apps && { apps }),
    ...(workers && { workers }),
    ...(messages && { messages }),
  }
}

/**
 * Asks a server about one message.
 *
 * @throws {ApiError} also when there is no such message
 */
export async function readMessage(
  api: ApiClient,
  id: string,
  { signal }: Pick<AskOptions, 'signal'> = {},
): Promise<MessageReport> {
  // Ids are in lower case; whoever copies one from elsewhere may have it otherwise.
  const path = `/v1/messages/${encodeURIComponent(id.toLowerCase())}`
  const answer = await api.get(path, signal === undefined ? {} : { signal })
  const { counts, state } = answer
  if (typeof counts !== 'object' || typeof state !== 'string') throw notOurs(api.server)
  // As the API's document describes it.
  return answer as unknown as MessageReport
}

function readinessOf(answer: Answer, server: string): Readiness {
  const { status, role, apps } = answer
  if (typeof role === 'string' && typeof status === 'string' && typeof apps === 'object')
    // As the API's document describes it.
    return answer as unknown as Readiness
  throw notOurs(server)
}
