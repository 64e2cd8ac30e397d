import type { BackendOptions } from '../backend/backend.js'
import { Http2Backend } from '../backend/http2/http2-backend.js'
import type { HeadWriter, Http2Service } from '../backend/http2/service.js'
import { targetOf } from '../backend/http2/target.js'
import type { Message } from '../message.js'
import type { Notification } from '../notification.js'
import type { RequestHead } from '../protocol/http2/request-head.js'
import { checkCertificateTopics, checkedBundleId } from './channel.js'
import { broadcastService } from './hosts.js'
import { authorizationField, pseudoFields, RequestFields } from './request-fields.js'

/** Apple's service for broadcasts. */
export const BROADCASTS: Http2Service = {
  target({ environment, broadcastHost, proxy }, credentials) {
    const service = broadcastService(environment, broadcastHost)
    return targetOf(service.environment, credentials, proxy, service.hosts)
  },
  headWriter: (authority) => new BroadcastHeads(authority),
  check(_message, topic, certificateTopics) {
    checkCertificateTopics(checkedBundleId(topic), certificateTopics)
  },
}

/**
 * Sends {@link BroadcastMessage}s to channels: the option `backend` of a manager of its own, which queues them, sends them
 * again and tells what became of each, as for devices. What stops its line does not stop that of another manager.
 */
export class BroadcastBackend extends Http2Backend {
  static readonly sendsBroadcasts: boolean = true

  constructor(options: BackendOptions) {
    super(options, BROADCASTS)
  }
}

/** Source: Apple, "Sending broadcast push notification requests to APNs". */
class BroadcastHeads implements HeadWriter {
  readonly #authority: string

  constructor(authority: string) {
    this.#authority = authority
  }

  topicOf(message: Message, defaultTopic: string | undefined): string | undefined {
    return message.topic ?? defaultTopic
  }

  prepare(
    { message, token, apnsId }: Notification,
    providerToken: string | undefined,
    defaultTopic: string | undefined,
  ): RequestHead {
    return new RequestFields([
      ...pseudoFields('POST', this.#authority, `/4/broadcasts/apps/${this.topicOf(message, defaultTopic)}`),
      authorizationField(providerToken),
      ['apns-channel-id', token, 'incremental'],
      ['apns-push-type', message.pushType, 'incremental'],
      ['apns-priority', String(message.priority), 'incremental'],
      ['apns-expiration', String(message.expiration), 'without'],
      ['apns-request-id', apnsId, 'without'],
    ])
  }
}
