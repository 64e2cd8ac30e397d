/**
 * The certificates of the simulator: one authority, the server certificate that it signs, and client
 * certificates as Apple issues them. Authority and server use P-256 keys, which are made in a fraction of a
 * millisecond; client certificates use RSA 2048 as Apple's do.
 */
import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import * as der from './der.js'
import { encodePkcs12 } from './pkcs12.js'

const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuthentication: '1.3.6.1.5.5.7.3.1',
  clientAuthentication: '1.3.6.1.5.5.7.3.2',
} as const

/** Apple's certificate extensions for push, and the attribute that holds the default topic. */
export const APPLE_OID = {
  /** Pushing to the sandbox is allowed. */
  sandbox: '1.2.840.113635.100.6.3.1',
  /** Pushing to production is allowed. */
  production: '1.2.840.113635.100.6.3.2',
  /** The topics, each followed by the kinds it is for. */
  topics: '1.2.840.113635.100.6.3.6',
  /** UID in the subject: the topic of a certificate for one topic. */
  userId: '0.9.2342.19200300.100.1.1',
} as const

const DAY_MS = 86_400_000
/** Bits of KeyUsage (RFC 5280 section 4.2.1.3): digitalSignature; keyCertSign and cRLSign. */
const KEY_USAGE_SIGNATURE = { bits: 0x80, unused: 7 }
const KEY_USAGE_AUTHORITY = { bits: 0x06, unused: 1 }

/** What a client certificate is for. */
export interface ClientCertificateOptions {
  /** Topics, the first of which is the subject's UID. */
  readonly topics: readonly string[]
  /** The kinds of each topic; by default derived from its suffix: `voip`, `complication`, else `app`. */
  readonly kinds?: Readonly<Record<string, readonly string[]>>
  /** Environments it may push to; default both, as Apple's universal certificates. */
  readonly environments?: readonly ('sandbox' | 'production')[]
  /** Start of validity; default a day ago. */
  readonly notBefore?: Date
  /** End of validity; default in a year. */
  readonly notAfter?: Date
  /** Encrypts `pfx` and `key`; default: `pfx` has an empty passphrase and `key` is plain. */
  readonly passphrase?: string
}

/** A client certificate in the two forms in which it is stored: PEM files and one PKCS#12 file. */
export interface ClientCertificate {
  /** The certificate, PEM. */
  readonly cert: string
  /** Its private key, PKCS#8 PEM, encrypted when a passphrase was given. */
  readonly key: string
  /** Both in one PKCS#12 file. */
  readonly pfx: Buffer
  /** The passphrase given, or `''`. */
  readonly passphrase: string
}

/** What may be unusual about a server certificate. */
interface ServerCertificateOptions {
  /** For this name, and not for the local machine. */
  readonly host?: string
  readonly notBefore?: Date
  readonly notAfter?: Date
}

interface Subject {
  readonly commonName: string
  readonly userId?: string
}

interface CertificateRequest {
  readonly subject: Subject
  readonly publicKey: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  readonly extensions: readonly Buffer[]
}

/** GeneralNames (RFC 5280 section 4.2.1.6). */
const LOCAL_NAMES = [
  der.element(0x82, Buffer.from('localhost')),
  der.element(0x87, Buffer.of(127, 0, 0, 1)),
  der.element(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)])),
]

/** Made when it is first needed, once in a process: that takes longer than all else that a simulator's start does. */
let clientKeys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } | undefined

/** The simulator's certificate authority. */
export class CertificateAuthority {
  /** The authority's own certificate, PEM: what a client must trust. */
  readonly certificate: string
  readonly #key: KeyObject
  readonly #subject: Subject = { commonName: 'APNs Simulator Root' }
  readonly #keyIdentifier: Buffer
  readonly #now: number

  /** `now`: real time in milliseconds, since that is what TLS clients go by. */
  constructor(now: number) {
    this.#now = now
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#key = privateKey
    this.#keyIdentifier = keyIdentifier(publicKey)
    this.certificate = this.#issue({
      subject: this.#subject,
      publicKey,
      ...validFor(3650, now),
      extensions: [
        extension(OID.basicConstraints, true, der.sequence(der.boolean(true))),
        keyUsage(KEY_USAGE_AUTHORITY),
      ],
    })
  }

  /** A server certificate with its key, both PEM; by default for the names and addresses of the local machine. */
  serverCertificate(options: ServerCertificateOptions = {}): { readonly cert: string; readonly key: string } {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { host, ...validity } = options
    const names = host === undefined ? LOCAL_NAMES : [der.element(0x82, Buffer.from(host))]
    const cert = this.#issue({
      subject: { commonName: host ?? 'localhost' },
      publicKey,
      ...validFor(825, this.#now),
      ...validity,
      extensions: [
        keyUsage(KEY_USAGE_SIGNATURE),
        extension(OID.extendedKeyUsage, false, der.sequence(der.objectIdentifier(OID.serverAuthentication))),
        extension(OID.subjectAlternativeName, false, der.sequence(...names)),
      ],
    })
    return { cert, key: pem(privateKey) }
  }

  /**
   * A client certificate with Apple's extensions; by default valid from the day before `now` (milliseconds). All of
   * them share one RSA key, whichever authority issues them.
   */
  clientCertificate(options: ClientCertificateOptions, now: number): ClientCertificate {
    const [mainTopic] = options.topics
    if (mainTopic === undefined) throw new TypeError('clientCertificate: name at least one topic')
    clientKeys ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { publicKey, privateKey } = clientKeys
    const environments = options.environments ?? ['sandbox', 'production']
    const validity = validFor(365, now)
    const cert = this.#issue({
      subject: { commonName: `Apple Push Services: ${mainTopic}`, userId: mainTopic },
      publicKey,
      notBefore: options.notBefore ?? validity.notBefore,
      notAfter: options.notAfter ?? validity.notAfter,
      extensions: [
        keyUsage(KEY_USAGE_SIGNATURE),
        extension(OID.extendedKeyUsage, false, der.sequence(der.objectIdentifier(OID.clientAuthentication))),
        // The environment marks hold NULL, as in the certificates that Apple issues.
        ...environments.map((name) => extension(APPLE_OID[name], false, Buffer.of(0x05, 0x00))),
        extension(APPLE_OID.topics, false, topicList(options)),
      ],
    })
    const passphrase = options.passphrase ?? ''
    return {
      cert,
      key: pem(privateKey, options.passphrase),
      pfx: encodePkcs12({ cert, key: privateKey, passphrase }),
      passphrase,
    }
  }

  /** Builds and signs a certificate (RFC 5280 section 4.1) and returns it as PEM. */
  #issue(request: CertificateRequest): string {
    const algorithm = der.sequence(der.objectIdentifier(OID.ecdsaWithSha256))
    const identifiers = [
      extension(OID.subjectKeyIdentifier, false, der.octetString(keyIdentifier(request.publicKey))),
      extension(OID.authorityKeyIdentifier, false, der.sequence(der.element(0x80, this.#keyIdentifier))),
    ]
    const toBeSigned = der.sequence(
      der.explicit(0, der.integer(Buffer.of(2))),
      der.integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
      algorithm,
      name(this.#subject),
      der.sequence(der.time(request.notBefore), der.time(request.notAfter)),
      name(request.subject),
      request.publicKey.export({ type: 'spki', format: 'der' }),
      der.explicit(3, der.sequence(...request.extensions, ...identifiers)),
    )
    const signature = sign('sha256', toBeSigned, this.#key)
    const certificate = der.sequence(toBeSigned, algorithm, der.bitString(signature))
    return new X509Certificate(certificate).toString()
  }
}

/** The PKCS#8 PEM of a private key, encrypted when a passphrase is given. */
export function pem(key: KeyObject, passphrase?: string): string {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }
  return key.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString()
}

/** A new P-256 key for provider tokens: what the developer portal gives out as `AuthKey_….p8`. */
export function generateProviderKey(): { readonly publicKey: KeyObject; readonly pem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { publicKey, pem: pem(privateKey) }
}

function validFor(days: number, now: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + days * DAY_MS) }
}

/** SEQUENCE of alternating topic (UTF8String) and kinds (SEQUENCE OF UTF8String). */
function topicList(options: ClientCertificateOptions): Buffer {
  return der.sequence(
    ...options.topics.flatMap((topic) => {
      const kinds = options.kinds?.[topic] ?? [defaultKind(topic)]
      return [der.utf8String(topic), der.sequence(...kinds.map((kind) => der.utf8String(kind)))]
    }),
  )
}

function defaultKind(topic: string): string {
  return /\.(voip|complication)$/.exec(topic)?.[1] ?? 'app'
}

function name(subject: Subject): Buffer {
  const attributes: [oid: string, value: string][] = [
    [OID.commonName, subject.commonName],
    [OID.organization, 'APNs Simulator'],
  ]
  if (subject.userId !== undefined) attributes.unshift([APPLE_OID.userId, subject.userId])
  return der.sequence(
    ...attributes.map(([oid, value]) =>
      der.set(der.sequence(der.objectIdentifier(oid), der.utf8String(value))),
    ),
  )
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  const flag = critical ? [der.boolean(true)] : []
  return der.sequence(der.objectIdentifier(oid), ...flag, der.octetString(value))
}

function keyUsage({ bits, unused }: { bits: number; unused: number }): Buffer {
  return extension(OID.keyUsage, true, der.bitString(Buffer.of(bits), unused))
}

/** Method 1 of RFC 5280 section 4.2.1.2, over the whole SubjectPublicKeyInfo: only uniqueness matters here. */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}
