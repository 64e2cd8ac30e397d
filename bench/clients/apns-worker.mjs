import { KEY_ID, TEAM_ID, TOPIC } from '../workload.mjs'

/**
 * A manager that sends to the sink, for both ways of using it: the built library's public entry point and nothing else.
 *
 * @param {import('./catalogue.mjs').Task} task
 */
export async function openManager({ port, cert, key, maxConnections, library }) {
  const { ApnsManager, Message } = await import(library)
  const manager = new ApnsManager({
    key,
    keyId: KEY_ID,
    teamId: TEAM_ID,
    topic: TOPIC,
    environment: { host: '127.0.0.1', port, ca: cert },
    maxConnections,
  })
  return { manager, Message }
}

/** What each message says beside its payload: the headers that the other clients send. */
export const MESSAGE_OPTIONS = { pushType: 'alert', priority: 10 }
