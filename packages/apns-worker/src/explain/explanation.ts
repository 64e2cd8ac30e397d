import type { PushType } from '../push-type.js'
import { curlLine } from './curl.js'
import type { ExplainedRequest, Facts, PushTypeSource, RequestTarget } from './facts.js'
import type { Finding } from './finding.js'

/**
 * What a message comes to: the request as it would be sent, and what is wrong with it. No secret is in it: `$TOKEN` stands
 * for the device token, `$JWT` for the provider token.
 */
export class Explanation {
  readonly pushType: PushType
  /** What told the push type; undefined for a `Message`, which does not remember, and for a broadcast. */
  readonly pushTypeFrom: PushTypeSource | undefined
  readonly url: string
  /** The header fields in the order in which they are sent, those of HTTP/2 (`:path` and so on) included. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The JSON that is sent, or undefined when the payload has none. */
  readonly body: string | undefined
  readonly payloadBytes: number
  /** How many bytes this push type, or a broadcast, takes. */
  readonly payloadLimit: number
  /** How many device tokens the message has; none, for a broadcast. */
  readonly devices: number
  /** The channel that a broadcast is for; undefined for a message to devices, and where it is no channel's id. */
  readonly channelId: string | undefined
  /** Errors first. */
  readonly findings: readonly Finding[]
  readonly #target: RequestTarget

  /** @internal */
  constructor(facts: Facts, request: ExplainedRequest, findings: readonly Finding[]) {
    const { target, path, headers, payloadLimit, channelId } = request
    this.pushType = facts.pushType
    this.pushTypeFrom = facts.pushTypeFrom
    this.url = `https://${target.authority}${path}`
    this.headers = [
      [':method', 'POST'],
      [':scheme', 'https'],
      [':authority', target.authority],
      [':path', path],
      ...headers,
    ]
    this.body = facts.payloadText
    this.payloadBytes = Buffer.byteLength(facts.payloadText ?? '')
    this.payloadLimit = payloadLimit
    this.devices = facts.devices
    this.channelId = channelId
    this.findings = findings
    this.#target = target
  }

  /** What surely goes wrong; empty for a message that can be sent. */
  get errors(): readonly Finding[] {
    return this.findings.filter(({ severity }) => severity === 'error')
  }

  /** What may not do what was meant. */
  get warnings(): readonly Finding[] {
    return this.findings.filter(({ severity }) => severity === 'warning')
  }

  /**
   * The same request as a command for a shell, which has the device token as `$TOKEN`; the provider token as `$JWT`, or the
   * client certificate and its key as `$CERT` and `$KEY`; and a certificate authority that `environment` names as `$CA`.
   */
  curl(): string {
    const fields = this.headers.filter(([name]) => !name.startsWith(':') && !IDS.includes(name))
    return curlLine(this.url, fields, this.body ?? '', this.#target)
  }

  /** For people at a terminal. */
  toString(): string {
    const source = this.pushTypeFrom === undefined ? '' : `, ${SOURCES[this.pushTypeFrom]}`
    const size = `${this.payloadBytes} of ${this.payloadLimit} bytes, push type ${this.pushType}${source}`
    const receivers =
      this.#target.receiver === 'channel'
        ? 'a channel'
        : `${this.devices} device${this.devices === 1 ? '' : 's'}`
    const lines = [
      ...this.headers.map(([name, value]) => `${name}: ${value}`),
      '',
      this.body ?? '(no JSON)',
      '',
      `${size}, for ${receivers}`,
      ...(this.findings.length === 0 ? ['nothing to object to'] : this.findings.map(textOf)),
      '',
      this.curl(),
    ]
    return visible(lines.join('\n'))
  }
}

/** Each request has another one. */
const IDS: readonly string[] = ['apns-id', 'apns-request-id']
const SOURCES: Readonly<Record<PushTypeSource, string>> = {
  option: 'as named',
  topic: 'told from the topic',
  payload: 'told from the payload',
}

function textOf({ severity, where, problem, page }: Finding): string {
  return `${severity}: ${where}: ${problem}\n    Apple, "${page}"`
}

/** Nothing in a payload may command the terminal, or turn the direction of what comes after it. */
function visible(text: string): string {
  return text.replaceAll(
    /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
