/** PKCS#12 files (RFC 7292): one certificate and its key, as Keychain exports them. */
import { createHash, createHmac, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import * as der from './der.js'

const OID = {
  data: '1.2.840.113549.1.7.1',
  plainKeyBag: '1.2.840.113549.1.12.10.1.1',
  encryptedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  localKeyId: '1.2.840.113549.1.9.21',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const

const VERSION = 3
const ITERATIONS = 2048
const SALT_BYTES = 16
/** Block size of SHA-256, "v" in RFC 7292 appendix B.2. */
const HASH_BLOCK_BYTES = 64
/** Appendix B.3: the derived bytes are for a MAC. */
const PURPOSE_MAC = 3

/** What goes into a PKCS#12 file. */
export interface Pkcs12Contents {
  /** Certificate, PEM. */
  readonly cert: string
  readonly key: KeyObject
  /** Protects the file's integrity, and encrypts the key (AES-256) unless it is empty. */
  readonly passphrase: string
}

/** Encodes a PKCS#12 file that OpenSSL 3 reads without its legacy provider. */
export function encodePkcs12({ cert, key, passphrase }: Pkcs12Contents): Buffer {
  const certificate = new X509Certificate(cert).raw
  const localKeyId = createHash('sha1').update(certificate).digest()
  const contents = der.sequence(
    contentInfo(safeBag(OID.certificateBag, certificateValue(certificate), localKeyId)),
    contentInfo(keyBag(key, passphrase, localKeyId)),
  )
  return der.sequence(
    der.integer(Buffer.of(VERSION)),
    der.sequence(der.objectIdentifier(OID.data), der.explicit(0, der.octetString(contents))),
    macData(contents, passphrase),
  )
}

function contentInfo(bag: Buffer): Buffer {
  return der.sequence(der.objectIdentifier(OID.data), der.explicit(0, der.octetString(der.sequence(bag))))
}

/** The attribute is what ties a key to its certificate. */
function safeBag(oid: string, value: Buffer, localKeyId: Buffer): Buffer {
  const attribute = der.sequence(der.objectIdentifier(OID.localKeyId), der.set(der.octetString(localKeyId)))
  return der.sequence(der.objectIdentifier(oid), der.explicit(0, value), der.set(attribute))
}

function certificateValue(certificate: Buffer): Buffer {
  return der.sequence(
    der.objectIdentifier(OID.x509Certificate),
    der.explicit(0, der.octetString(certificate)),
  )
}

function keyBag(key: KeyObject, passphrase: string, localKeyId: Buffer): Buffer {
  if (passphrase === '') {
    return safeBag(OID.plainKeyBag, key.export({ type: 'pkcs8', format: 'der' }), localKeyId)
  }
  const encrypted = key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase })
  return safeBag(OID.encryptedKeyBag, encrypted, localKeyId)
}

function macData(contents: Buffer, passphrase: string): Buffer {
  const salt = randomBytes(SALT_BYTES)
  const mac = createHmac('sha256', macKey(passphrase, salt)).update(contents).digest()
  const algorithm = der.sequence(der.objectIdentifier(OID.sha256), Buffer.of(0x05, 0x00))
  const iterations = Buffer.alloc(2)
  iterations.writeUInt16BE(ITERATIONS)
  return der.sequence(
    der.sequence(algorithm, der.octetString(mac)),
    der.octetString(salt),
    der.integer(iterations),
  )
}

/** Appendix B.2 for one block of output, which is all that a SHA-256 MAC needs. */
function macKey(passphrase: string, salt: Buffer): Buffer {
  // Big-endian UTF-16 with a terminating zero (appendix B.1).
  const password = Buffer.from(`${passphrase}\0`, 'utf16le').swap16()
  let key = Buffer.concat([Buffer.alloc(HASH_BLOCK_BYTES, PURPOSE_MAC), fill(salt), fill(password)])
  for (let round = 0; round < ITERATIONS; round++) key = createHash('sha256').update(key).digest()
  return key
}

/** Repeats the bytes up to a whole number of hash blocks. */
function fill(bytes: Buffer): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / HASH_BLOCK_BYTES) * HASH_BLOCK_BYTES, bytes)
}
