import { authorityOf } from '../backend/environment.js'
import { RequestWriter } from '../backend/http2/request-writer.js'
import { BROADCASTS } from '../broadcast/broadcast-backend.js'
import { BroadcastMessage } from '../broadcast/broadcast-message.js'
import { checkedBundleId } from '../broadcast/channel.js'
import { authorizationField, pseudoFields, RequestFields } from '../broadcast/request-fields.js'
import { Message } from '../message.js'
import type { RequestHead } from '../protocol/http2/request-head.js'
import { pushTypeOfTopic } from '../push-type.js'
import type { DoctorService } from './diagnosis.js'

/** A request that delivers and changes nothing, whoever makes it. */
export interface ImpossibleRequest {
  readonly head: RequestHead
  readonly body: Uint8Array | undefined
}

/** In the form of one, so that it is looked at as far as any; no device has it. */
const IMPOSSIBLE_TOKEN = '00'.repeat(32)
/** The same for channels, whose ids are random. */
const IMPOSSIBLE_CHANNEL = Buffer.alloc(16).toString('base64')
/** Older than anything a device has; if ever it arrived, it would be ignored. */
const LONG_AGO = 1
/** Who sends with an MDM certificate has a topic like this. */
const MDM_TOPIC = /^com\.apple\.mgmt\./

/**
 * @param providerToken undefined with a client certificate
 * @throws {MessageError} for a topic that is none of the service's
 */
export function impossibleRequest(
  service: DoctorService,
  target: { readonly host: string; readonly port: number },
  topic: string | undefined,
  providerToken: string | undefined,
): ImpossibleRequest {
  const authority = authorityOf(target)
  switch (service) {
    case 'notifications': {
      const message = pushFor(topic)
      const notification = message.notification(0, undefined)
      const head = new RequestWriter(authority).prepare(notification, providerToken, undefined)
      return { head, body: message.encodedPayload }
    }
    case 'broadcasts': {
      const payload = { aps: { event: 'update', timestamp: LONG_AGO, 'content-state': {} } }
      const channel = { id: IMPOSSIBLE_CHANNEL, storagePolicy: 'none' } as const
      const message = new BroadcastMessage(channel, payload, { topic: checkedBundleId(topic), priority: 5 })
      const notification = message.notification(0, undefined)
      const head = BROADCASTS.headWriter(authority).prepare(notification, providerToken, undefined)
      return { head, body: message.encodedPayload }
    }
    case 'channels': {
      const path = `/1/apps/${checkedBundleId(topic)}/channels`
      const head = new RequestFields([
        ...pseudoFields('GET', authority, path),
        authorizationField(providerToken),
        ['apns-channel-id', IMPOSSIBLE_CHANNEL, 'without'],
      ])
      return { head, body: undefined }
    }
    default:
      return service satisfies never
  }
}

/** A push of the type that fits the topic; if ever it arrived, nobody would see it. */
function pushFor(topic: string | undefined): Message {
  const isMdm = topic !== undefined && MDM_TOPIC.test(topic)
  const isPlain = topic === undefined || pushTypeOfTopic(topic) === undefined
  const payload = isMdm ? { mdm: '' } : { aps: isPlain ? { 'content-available': 1 } : {} }
  return new Message([IMPOSSIBLE_TOKEN], payload, { topic, expiration: 0 })
}
