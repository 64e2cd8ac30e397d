import { Message } from '../message.js'
import type { LiveActivityUpdateOptions } from './session-options.js'

/** A push of a session that was checked, but has neither token nor timestamp of its own yet. */
export interface ActivityPush {
  /** A copy: the caller's objects may change while it waits. */
  readonly draft: Message
  readonly priority: 5 | 10
  readonly waitsForWindow: boolean
}

/**
 * @param aps what this event has besides what all have
 * @param timestamp a provisional one
 * @throws {MessageError} for what can not be sent, whenever that may be
 */
export function draftPush(
  aps: object,
  details: LiveActivityUpdateOptions,
  timestamp: number,
  topic: string | undefined,
): ActivityPush {
  const { alert, staleDate, relevanceScore, expiration, priority = 10 } = details
  const payload = {
    aps: { timestamp, ...aps, alert, 'stale-date': staleDate, 'relevance-score': relevanceScore },
  }
  const draft = new Message([], payload, { pushType: 'liveactivity', topic, expiration, priority })
  return { draft, priority, waitsForWindow: alert === undefined }
}

/** The push as it is sent. */
export function messageOf(
  { draft }: ActivityPush,
  token: string,
  timestamp: number,
  priority: 5 | 10,
): Message {
  const { pushType, topic, expiration } = draft
  return new Message(
    [token],
    { aps: { ...apsOf(draft), timestamp } },
    { pushType, topic, expiration, priority },
  )
}

/** What the activity shows with it. */
export function contentOf({ draft }: ActivityPush): unknown {
  return apsOf(draft)['content-state']
}

function apsOf(draft: Message): Readonly<Record<string, unknown>> {
  // `draftPush` has put it there.
  return (draft.payload as { aps: Record<string, unknown> }).aps
}
