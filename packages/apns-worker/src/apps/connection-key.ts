import { createHash } from 'node:crypto'
import { Http2Backend } from '../backend/http2/http2-backend.js'
import type { AppOptions } from './app-options.js'

/** What each app has for itself; everything else has to be alike for connections to be shared. */
const OWN: ReadonlySet<string> = new Set([
  'topic',
  'errorHandler',
  'logger',
  'badTokenLimit',
  'broadcastHost',
])

/**
 * Alike for apps that may share connections: those with the same key of the same team, or the same certificate, for the
 * same environment, and the same ways with the network. Undefined for an app with a backend of another kind.
 */
export function connectionKey({ backend = Http2Backend, ...options }: AppOptions): string | undefined {
  if (backend !== Http2Backend) return undefined
  const shared = Object.entries({ environment: 'production', ...options })
    .filter(([option, value]) => !OWN.has(option) && value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
  // Hashed, since there are private keys in it.
  return createHash('sha256').update(JSON.stringify(shared, bytesAsText)).digest('base64')
}

function bytesAsText(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}
