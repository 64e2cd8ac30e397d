import type { TLSSocket } from 'node:tls'
import { APPLE_OID } from './certificates.js'
import { type DerElement, parseDer, readObjectIdentifier } from './der.js'
import type { Refusal } from './refusal.js'

/** Position of the subject in a version 3 TBSCertificate (RFC 5280 section 4.1). */
const TBS_SUBJECT = 5
const EXTENSIONS_TAG = 0xa3

/** What the simulator reads from a client certificate. */
export interface PresentedCertificate {
  /** Signed by the simulator's authority. */
  readonly trusted: boolean
  /** Validity, in milliseconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  readonly environments: ReadonlySet<'sandbox' | 'production'>
  /** The subject's UID: the topic when the certificate has only one. */
  readonly subjectTopic: string | undefined
  /** Every topic that it may push to. */
  readonly topics: ReadonlySet<string>
}

/**
 * The certificate that the client showed in the handshake, or undefined.
 *
 * Whether it has expired is judged by the simulator's clock later, so an expired one still counts as trusted.
 */
export function presentedCertificate(socket: TLSSocket): PresentedCertificate | undefined {
  const peer = socket.getPeerCertificate()
  if (!Buffer.isBuffer(peer.raw)) return undefined
  // Node gives the OpenSSL error code here as a string, whatever its types say.
  const problem = String(socket.authorizationError)
  const trusted = socket.authorized || /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(problem)
  const [certificate] = parseDer(peer.raw).children
  const parts = certificate?.children ?? []
  const extensions = extensionValues(parts.find((part) => part.tag === EXTENSIONS_TAG))
  const environments = new Set<'sandbox' | 'production'>()
  for (const environment of ['sandbox', 'production'] as const) {
    if (extensions.has(APPLE_OID[environment])) environments.add(environment)
  }
  const subjectTopic = subjectUserId(parts[TBS_SUBJECT])
  return {
    trusted,
    notBefore: Date.parse(peer.valid_from),
    notAfter: Date.parse(peer.valid_to),
    environments,
    subjectTopic,
    topics: topicSet(extensions.get(APPLE_OID.topics), subjectTopic),
  }
}

/** Why APNs would not talk to the holder of this certificate, or undefined when it would. */
export function refuseCertificate(
  certificate: PresentedCertificate,
  environment: 'sandbox' | 'production',
  now: number,
): Refusal | undefined {
  const valid = certificate.trusted && certificate.notBefore <= now && now <= certificate.notAfter
  if (!valid) return { status: 403, reason: 'BadCertificate' }
  if (!certificate.environments.has(environment)) {
    return { status: 403, reason: 'BadCertificateEnvironment' }
  }
  return undefined
}

function extensionValues(wrapper: DerElement | undefined): Map<string, Buffer> {
  const values = new Map<string, Buffer>()
  for (const { children } of wrapper?.children[0]?.children ?? []) {
    const [id, value] = [children[0], children.at(-1)]
    if (id !== undefined && value !== undefined) values.set(readObjectIdentifier(id), value.contents)
  }
  return values
}

function subjectUserId(subject: DerElement | undefined): string | undefined {
  for (const relativeName of subject?.children ?? []) {
    const [type, value] = relativeName.children[0]?.children ?? []
    if (type !== undefined && readObjectIdentifier(type) === APPLE_OID.userId) {
      return value?.contents.toString('utf8')
    }
  }
  return undefined
}

function topicSet(list: Buffer | undefined, subjectTopic: string | undefined): Set<string> {
  const topics = new Set<string>(subjectTopic === undefined ? [] : [subjectTopic])
  if (list === undefined) return topics
  // Topics and their kinds alternate; only topics are primitive strings at this level.
  for (const item of parseDer(list).children) {
    if (item.children.length === 0) topics.add(item.contents.toString('utf8'))
  }
  return topics
}
