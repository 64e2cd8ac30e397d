import type { KnownChannel } from '../broadcast/broadcast-checks.js'
import { BroadcastMessage } from '../broadcast/broadcast-message.js'
import { Message } from '../message.js'
import type { LiveActivityUpdateOptions } from './session-options.js'

/** A push of a session that was checked, but has neither receiver nor timestamp of its own yet. */
export interface ActivityPush {
  /** A copy: the caller's objects may change while it waits. To a channel, it is a broadcast. */
  readonly draft: Message
  readonly priority: 5 | 10
  readonly waitsForWindow: boolean
}

/**
 * @param aps what this event has besides what all have
 * @param timestamp a provisional one
 * @param channel where it goes, unless it goes to a device
 * @throws {MessageError} for what can not be sent, whenever that may be
 */
export function draftPush(
  aps: object,
  details: LiveActivityUpdateOptions,
  timestamp: number,
  topic: string | undefined,
  channel: KnownChannel | undefined,
): ActivityPush {
  const { alert, staleDate, relevanceScore, expiration, priority = 10 } = details
  const payload = {
    aps: { timestamp, ...aps, alert, 'stale-date': staleDate, 'relevance-score': relevanceScore },
  }
  const draft =
    channel === undefined
      ? new Message([], payload, { pushType: 'liveactivity', topic, expiration, priority })
      : new BroadcastMessage(channel, payload, { topic, expiration, priority })
  return { draft, priority, waitsForWindow: alert === undefined }
}

/**
 * The push as it is sent.
 *
 * @param token the device's; of no meaning to a channel
 */
export function messageOf(
  { draft }: ActivityPush,
  token: string,
  timestamp: number,
  priority: 5 | 10,
): Message {
  const { pushType, topic, expiration } = draft
  const payload = { aps: { ...apsOf(draft), timestamp } }
  if (!(draft instanceof BroadcastMessage))
    return new Message([token], payload, { pushType, topic, expiration, priority })
  const { channelId: id, storagePolicy } = draft
  return new BroadcastMessage({ id, storagePolicy }, payload, { topic, expiration, priority })
}

/** What the activity shows with it. */
export function contentOf({ draft }: ActivityPush): unknown {
  return apsOf(draft)['content-state']
}

function apsOf(draft: Message): Readonly<Record<string, unknown>> {
  // `draftPush` has put it there.
  return (draft.payload as { aps: Record<string, unknown> }).aps
}
