import { LOWER_DIGITS, lowerDigits, UPPER_DIGITS, upperDigits } from '../../apns-id.js'
import type { Message } from '../../message.js'
import { MessageError } from '../../message-error.js'
import { idNumberOf, type Notification } from '../../notification.js'
import type { HpackEncoder } from '../../protocol/http2/hpack-encoder.js'
import { FieldName, FieldTemplate, type TemplateField } from '../../protocol/http2/request-field.js'
import type { RequestHead } from '../../protocol/http2/request-head.js'
import { PUSH_TYPES, topicFor } from '../../push-type.js'
import type { HeadWriter } from './service.js'

const PATH = new FieldName(':path')
const APNS_ID = new FieldName('apns-id')
const APNS_EXPIRATION = new FieldName('apns-expiration')
const APNS_COLLAPSE_ID = new FieldName('apns-collapse-id')
const PATH_PREFIX = Buffer.from('/3/device/')
const HYPHEN = 0x2d
const IDENT_DIGITS = 8
const APNS_ID_LENGTH = 36

/** How many different heads are remembered; a sender has a handful, unless it makes a topic for each message. */
const MAX_TEMPLATES = 256

/**
 * Writes the request heads of notifications. All that notifications have in common is a template, which costs a byte a
 * field once it is in the connection's dynamic table; each one's own are its path and its apns-id, and the expiration
 * and collapse id, which tend to be new with each message and would only wash the table out.
 *
 * Source: Apple, "Sending notification requests to APNs".
 */
export class RequestWriter implements HeadWriter, RequestHead {
  readonly #leading: FieldTemplate
  readonly #templates = new Map<string, FieldTemplate>()
  #notification: Notification | undefined
  #template: FieldTemplate | undefined
  // What the template was made for: the next notification is mostly of the same message.
  #message: Message | undefined
  #defaultTopic: string | undefined
  #providerToken: string | undefined

  /**
   * @param authority host and, where it is not 443, port
   */
  constructor(authority: string) {
    this.#leading = new FieldTemplate([
      { name: ':method', value: 'POST', indexing: 'incremental' },
      { name: ':scheme', value: 'https', indexing: 'incremental' },
      { name: ':authority', value: authority, indexing: 'incremental' },
    ])
  }

  prepare(
    notification: Notification,
    providerToken: string | undefined,
    defaultTopic: string | undefined,
  ): this {
    const { message } = notification
    this.#notification = notification
    if (providerToken !== this.#providerToken) {
      this.#templates.clear()
      this.#providerToken = providerToken
      this.#message = undefined
    }
    const isSame =
      this.#message !== undefined &&
      haveSameTemplate(message, this.#message) &&
      defaultTopic === this.#defaultTopic
    if (!isSame) this.#template = this.#templateFor(message, defaultTopic)
    this.#message = message
    this.#defaultTopic = defaultTopic
    return this
  }

  topicOf(message: Message, defaultTopic: string | undefined): string | undefined {
    return (
      message.topic ?? (defaultTopic === undefined ? undefined : topicFor(message.pushType, defaultTopic))
    )
  }

  writeFields(encoder: HpackEncoder): void {
    const notification = this.#notification
    const template = this.#template
    if (notification === undefined || template === undefined) throw new Error('prepare() comes first')
    const { message } = notification
    encoder.template(this.#leading)
    writePath(encoder, notification)
    encoder.template(template)
    if (message.apnsId === undefined) writeId(encoder, notification)
    else writeText(encoder, APNS_ID, message.apnsId)
    if (message.expiration !== undefined) writeText(encoder, APNS_EXPIRATION, String(message.expiration))
    if (message.collapseId !== undefined) writeText(encoder, APNS_COLLAPSE_ID, latin1Of(message.collapseId))
  }

  #templateFor(message: Message, defaultTopic: string | undefined): FieldTemplate {
    const providerToken = this.#providerToken
    const topic = this.topicOf(message, defaultTopic)
    const priority = message.priority ?? PUSH_TYPES[message.pushType].defaultPriority
    const key = `${message.pushType} ${priority} ${topic}`
    const known = this.#templates.get(key)
    if (known !== undefined) return known
    const fields: TemplateField[] = [
      { name: 'apns-push-type', value: message.pushType, indexing: 'incremental' },
    ]
    if (providerToken !== undefined)
      fields.push({ name: 'authorization', value: `bearer ${providerToken}`, indexing: 'incremental' })
    if (topic !== undefined) fields.push({ name: 'apns-topic', value: topic, indexing: 'incremental' })
    if (priority !== undefined)
      fields.push({ name: 'apns-priority', value: String(priority), indexing: 'incremental' })
    const template = new FieldTemplate(fields)
    if (this.#templates.size >= MAX_TEMPLATES) this.#templates.clear()
    this.#templates.set(key, template)
    return template
  }
}

function haveSameTemplate(one: Message, other: Message): boolean {
  return (
    one === other ||
    (one.pushType === other.pushType && one.priority === other.priority && one.topic === other.topic)
  )
}

function writePath(encoder: HpackEncoder, { tokens, index }: Notification): void {
  const { single } = tokens
  if (single === undefined) {
    const start = tokens.start(index)
    const end = tokens.end(index)
    const path = encoder.literal(PATH, PATH_PREFIX.length + (end - start) * 2)
    path.bytes(PATH_PREFIX)
    path.hex(tokens.bytes, start, end)
  } else {
    const path = encoder.literal(PATH, PATH_PREFIX.length + single.length)
    path.bytes(PATH_PREFIX)
    path.latin1(single)
  }
}

/** What `apnsIdOf` gives, without the text. */
function writeId(encoder: HpackEncoder, { message, index, ident }: Notification): void {
  const id = encoder.literal(APNS_ID, APNS_ID_LENGTH)
  id.bytes(message.idSeries.baseBytes)
  id.hexDigits(upperDigits(message.idNumber), UPPER_DIGITS)
  id.byte(HYPHEN)
  id.hexDigits(lowerDigits(message.idNumber), LOWER_DIGITS)
  id.hexDigits(idNumberOf(message, index, ident ?? 0), IDENT_DIGITS)
}

function writeText(encoder: HpackEncoder, name: FieldName, latin1: string): void {
  encoder.literal(name, latin1.length).latin1(latin1)
}

/** A string's UTF-8, one character a byte: field values are bytes. */
function latin1Of(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** A request's body: text, where the payload is ASCII and goes out once, since bytes are an object more. */
export function bodyOf(message: Message): Uint8Array | string {
  const { length, payloadText, payloadBytes } = message
  return length === 1 && payloadText.length === payloadBytes ? payloadText : message.encodedPayload
}

/**
 * What only the provider API refuses.
 *
 * @param topics those that a client certificate is good for; empty when it names none, or with provider tokens
 * @throws {MessageError}
 */
export function checkForProviderApi(
  message: Message,
  topic: string | undefined,
  topics: readonly string[],
  topicRequired: boolean,
): void {
  const { priorities } = PUSH_TYPES[message.pushType]
  if (message.priority !== undefined && !priorities.some((priority) => priority === message.priority)) {
    throw new MessageError(
      'BAD_PRIORITY',
      `priority ${message.priority} does not fit push type ${message.pushType}; the provider API takes ${priorities.join(', ')}`,
    )
  }
  if (topic === undefined && topicRequired) {
    throw new MessageError(
      'BAD_TOPIC',
      'there is no topic; give one to the message, or to the manager for all of them',
    )
  }
  if (topic !== undefined && topics.length > 0 && !topics.includes(topic)) {
    throw new MessageError(
      'BAD_TOPIC',
      `topic ${topic} is not one of the certificate's: ${topics.join(', ')}`,
    )
  }
}
