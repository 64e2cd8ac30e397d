import { isDictionary } from '../payload/value-checks.js'
import type { PushType } from '../push-type.js'

/** A message as far as it is known: what could not be read is left out, and is a finding. */
export interface Facts {
  readonly payload: Readonly<Record<string, unknown>>
  /** As it is sent; undefined for what JSON cannot hold. */
  readonly payloadText: string | undefined
  readonly pushType: PushType
  /** Undefined where that is not known any more: a Message does not remember. */
  readonly pushTypeFrom: PushTypeSource | undefined
  readonly typeIsNamed: boolean
  readonly topic: string | undefined
  /** As it was given. */
  readonly priority: number | undefined
  /** Unix seconds. */
  readonly expiration: number | undefined
  readonly collapseId: string | undefined
  /** What is known of the `apns-id`, with x for the digits that are chosen later. */
  readonly apnsId: string
  /** How many device tokens. */
  readonly devices: number
}

/** What of a request is not in its message. */
export interface RequestTarget {
  readonly receiver: 'device' | 'channel'
  /** Host and, where it is not 443, port. */
  readonly authority: string
  readonly credentials: 'token' | 'certificate'
  /** Whether the server's certificate has an authority of its own. */
  readonly hasOwnAuthority: boolean
  readonly topic: string | undefined
}

/** A request as it would be sent. */
export interface ExplainedRequest {
  readonly target: RequestTarget
  readonly path: string
  /** The header fields in the order in which they are sent. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** How many bytes the payload may have. */
  readonly payloadLimit: number
  /** Of a broadcast; undefined where it goes to devices, or is no channel's id. */
  readonly channelId: string | undefined
}

/** What told the push type: the option of that name, the topic's suffix, or the payload. */
export type PushTypeSource = 'option' | 'topic' | 'payload'

/** The `aps` dictionary, if there is one. */
export function apsOf({ payload }: Facts): Readonly<Record<string, unknown>> | undefined {
  const aps = payload['aps']
  return isDictionary(aps) ? aps : undefined
}

/** Whether a key has a value: null is as good as none. */
export function has(dictionary: Readonly<Record<string, unknown>>, key: string): boolean {
  return dictionary[key] !== undefined && dictionary[key] !== null
}
