import type { X509Certificate } from 'node:crypto'
import { expectTag, readChildren, readElement, readElementAt, readText, TAG } from './der.js'
import { readCertificateFields } from './x509.js'

/** One topic that a certificate covers, and what it may carry there. */
export interface CertificateTopic {
  readonly topic: string
  /** Apple's words, such as `app`, `voip`, `complication`. */
  readonly kinds: readonly string[]
}

/** What a push certificate says about itself. */
export interface PushCertificate {
  /** The UID of the subject: the topic that APNs assumes when a request names none. */
  readonly subjectTopic?: string
  /** Every topic that it lists. Empty for a certificate that is not Apple's. */
  readonly topics: readonly CertificateTopic[]
  /** Whether it carries the mark for the sandbox, and for production; a universal one carries both. */
  readonly sandbox: boolean
  readonly production: boolean
  /** Whether it carries any of Apple's push marks. */
  readonly isMarked: boolean
  readonly validFrom: Date
  readonly validTo: Date
  /** Such as `UID=com.example.app, CN=Apple Push Services: com.example.app`. */
  readonly subject: string
  readonly fingerprint256: string
}

const USER_ID = '0.9.2342.19200300.100.1.1'
/** The arc of Apple's push extensions. Apple, "Communicating with APNs" and "Sending notification requests to APNs". */
const APPLE_PUSH = '1.2.840.113635.100.6.3.'
const SANDBOX = `${APPLE_PUSH}1`
const PRODUCTION = `${APPLE_PUSH}2`
const VOIP_TOPICS = `${APPLE_PUSH}4`
const TOPICS = `${APPLE_PUSH}6`

/** The part of Node's class that is read here. */
export interface ParsedCertificate
  extends Pick<X509Certificate, 'subject' | 'validFrom' | 'validTo' | 'fingerprint256'> {
  readonly raw: Uint8Array
}

/** @throws DerError if the certificate's insides are not as RFC 5280 has them. */
export function readPushCertificate(certificate: ParsedCertificate): PushCertificate {
  const { subject, extensions } = readCertificateFields(certificate.raw)
  const subjectTopic = subject.get(USER_ID)
  const isMarked = Array.from(extensions.keys()).some((identifier) => identifier.startsWith(APPLE_PUSH))
  return {
    ...(subjectTopic !== undefined && { subjectTopic }),
    topics: isMarked ? readTopics(extensions, subjectTopic) : [],
    sandbox: extensions.has(SANDBOX),
    production: extensions.has(PRODUCTION),
    isMarked,
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
    subject: subjectOf(certificate),
    fingerprint256: certificate.fingerprint256,
  }
}

/** The subject in one line. */
export function subjectOf({ subject }: Pick<ParsedCertificate, 'subject'>): string {
  // Node has undefined for a subject without attributes, whatever its type says.
  return (subject as string | undefined)?.replaceAll('\n', ', ') ?? 'without a subject'
}

/**
 * The topics of both lists. A certificate of the older kind, without a list, covers its subject alone, and the VoIP
 * mark without a topic in it says that this one is for VoIP.
 */
function readTopics(
  extensions: ReadonlyMap<string, Buffer>,
  subjectTopic: string | undefined,
): CertificateTopic[] {
  const voip = extensions.get(VOIP_TOPICS)
  const topics = [...readTopicList(extensions.get(TOPICS), 'app'), ...readTopicList(voip, 'voip')]
  const distinct = topics.filter(
    ({ topic }, index) => topics.findIndex((other) => other.topic === topic) === index,
  )
  if (distinct.length > 0 || subjectTopic === undefined) return distinct
  return [{ topic: subjectTopic, kinds: [voip === undefined ? 'app' : 'voip'] }]
}

/** A SEQUENCE that alternates topic and SEQUENCE of kinds, or a single topic; anything else (a NULL mark) is no list. */
function readTopicList(der: Buffer | undefined, defaultKind: string): CertificateTopic[] {
  if (der === undefined) return []
  const root = readElementAt(der, 0)
  const single = readText(root)
  if (single !== undefined) return [{ topic: single, kinds: [defaultKind] }]
  if (root.tag !== TAG.sequence) return []
  const topics: { topic: string; kinds: string[] }[] = []
  for (const element of readChildren(readElement(der, TAG.sequence))) {
    const topic = readText(element)
    if (topic !== undefined) {
      topics.push({ topic, kinds: [] })
      continue
    }
    const kinds = readChildren(expectTag(element, TAG.sequence)).map(readText)
    topics.at(-1)?.kinds.push(...kinds.filter((kind) => kind !== undefined))
  }
  return topics
}
