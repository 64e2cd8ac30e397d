import type { Credentials } from '../../credentials/credentials.js'
import type { Message } from '../../message.js'
import type { TlsTarget } from '../../net/tls-connect.js'
import type { Notification } from '../../notification.js'
import type { RequestHead } from '../../protocol/http2/request-head.js'
import type { BackendOptions } from '../backend.js'
import { checkForProviderApi, RequestWriter } from './request-writer.js'
import { targetOf } from './target.js'

/** Writes the request heads of one service. */
export interface HeadWriter {
  /**
   * The topic that a message is sent with. Undefined leaves it to the certificate.
   *
   * @param defaultTopic the topic of messages that name none
   */
  topicOf(message: Message, defaultTopic: string | undefined): string | undefined
  /** The head of the next request; good until the next call. */
  prepare(
    notification: Notification,
    providerToken: string | undefined,
    defaultTopic: string | undefined,
  ): RequestHead
}

/** What sets one of Apple's services apart from the others: where it is, how it is asked, and what it refuses. */
export interface Http2Service {
  /**
   * @throws {TypeError} for an option that makes no sense
   */
  target(options: BackendOptions, credentials: Credentials): TlsTarget
  /**
   * @param authority host and, where it is not 443, port
   */
  headWriter(authority: string): HeadWriter
  /**
   * @param certificateTopics those that a client certificate is good for; empty when it names none, or with provider tokens
   * @throws {MessageError}
   */
  check(
    message: Message,
    topic: string | undefined,
    certificateTopics: readonly string[],
    topicRequired: boolean,
  ): void
}

/** Notifications to devices. */
export const NOTIFICATIONS: Http2Service = {
  target: ({ environment, proxy }, credentials) => targetOf(environment, credentials, proxy),
  headWriter: (authority) => new RequestWriter(authority),
  check: checkForProviderApi,
}
