import { createDecipheriv, createHmac, hash, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { type DerElement, expectTag, readChildren, readInteger, readObjectIdentifier, TAG } from './der.js'
import { Pkcs12Error } from './pkcs12-error.js'
import { decryptRc2Cbc } from './rc2.js'

/** Firefox asks for 600,000, most tools for 2,048 to 10,000. Each costs about a microsecond, while the process starts. */
export const MAX_ITERATIONS = 2_000_000

/** The digests of the MAC, with the block size that appendix B.2 of RFC 7292 needs. */
const DIGESTS: ReadonlyMap<string, Digest> = new Map([
  ['1.3.14.3.2.26', { name: 'sha1', bytes: 20, blockBytes: 64 }],
  ['2.16.840.1.101.3.4.2.4', { name: 'sha224', bytes: 28, blockBytes: 64 }],
  ['2.16.840.1.101.3.4.2.1', { name: 'sha256', bytes: 32, blockBytes: 64 }],
  ['2.16.840.1.101.3.4.2.2', { name: 'sha384', bytes: 48, blockBytes: 128 }],
  ['2.16.840.1.101.3.4.2.3', { name: 'sha512', bytes: 64, blockBytes: 128 }],
])
const SHA1: Digest = { name: 'sha1', bytes: 20, blockBytes: 64 }

/** RFC 7292 appendix C: SHA-1 key derivation and an old cipher. */
const OLD_CIPHERS: ReadonlyMap<string, OldCipher> = new Map([
  ['1.2.840.113549.1.12.1.3', { keyBytes: 24, decrypt: decryptTripleDes }],
  ['1.2.840.113549.1.12.1.4', { keyBytes: 16, decrypt: decryptTripleDes }],
  ['1.2.840.113549.1.12.1.5', { keyBytes: 16, decrypt: decryptRc2 }],
  ['1.2.840.113549.1.12.1.6', { keyBytes: 5, decrypt: decryptRc2 }],
])

/** RFC 8018: PBES2 with PBKDF2. */
const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'
const HMAC_SHA1 = '1.2.840.113549.2.7'
const PSEUDORANDOM_FUNCTIONS: ReadonlyMap<string, string> = new Map([
  [HMAC_SHA1, 'sha1'],
  ['1.2.840.113549.2.8', 'sha224'],
  ['1.2.840.113549.2.9', 'sha256'],
  ['1.2.840.113549.2.10', 'sha384'],
  ['1.2.840.113549.2.11', 'sha512'],
])
const PBES2_CIPHERS: ReadonlyMap<string, { readonly name: string; readonly keyBytes: number }> = new Map([
  ['1.2.840.113549.3.7', { name: 'des-ede3-cbc', keyBytes: 24 }],
  ['2.16.840.1.101.3.4.1.2', { name: 'aes-128-cbc', keyBytes: 16 }],
  ['2.16.840.1.101.3.4.1.22', { name: 'aes-192-cbc', keyBytes: 24 }],
  ['2.16.840.1.101.3.4.1.42', { name: 'aes-256-cbc', keyBytes: 32 }],
])

interface Digest {
  readonly name: string
  readonly bytes: number
  readonly blockBytes: number
}

interface OldCipher {
  readonly keyBytes: number
  readonly decrypt: (ciphertext: Buffer, key: Buffer, iv: Buffer) => Buffer
}

/** What a derived value is for (RFC 7292 appendix B.3). */
const PURPOSE = { key: 1, iv: 2, mac: 3 } as const

/** A passphrase in the two spellings that PKCS#12 needs. */
export interface Password {
  /** For the RFC 7292 key derivation: UTF-16BE with a terminator, or nothing at all. */
  readonly utf16: Buffer
  /** For PBKDF2. */
  readonly utf8: Buffer
}

/** The spellings to try: software disagrees on whether an empty passphrase has a terminator. */
export function passwordCandidates(passphrase: string): readonly [Password, ...Password[]] {
  const utf8 = Buffer.from(passphrase, 'utf8')
  const terminated = { utf16: Buffer.from(`${passphrase}\0`, 'utf16le').swap16(), utf8 }
  return passphrase === '' ? [terminated, { utf16: Buffer.alloc(0), utf8 }] : [terminated]
}

/** Checks MacData (RFC 7292 section 4) over the authenticated content. */
export function isMacValid(macData: DerElement, content: Uint8Array, password: Password): boolean {
  const [digestInfo, salt, iterations] = readChildren(expectTag(macData, TAG.sequence))
  const [algorithm, expected] = readChildren(expectTag(digestInfo, TAG.sequence))
  const identifier = readObjectIdentifier(readChildren(expectTag(algorithm, TAG.sequence))[0])
  const digest = DIGESTS.get(identifier)
  if (digest === undefined) throw new Pkcs12Error('algorithm', `its MAC uses ${identifier}`)
  const key = derive(digest, PURPOSE.mac, password, {
    salt: expectTag(salt, TAG.octetString).content,
    iterations: iterations === undefined ? 1 : readIterations(iterations),
    bytes: digest.bytes,
  })
  const actual = createHmac(digest.name, key).update(content).digest()
  const stored = expectTag(expected, TAG.octetString).content
  return stored.length === actual.length && timingSafeEqual(stored, actual)
}

/** Decrypts what an AlgorithmIdentifier says about it. */
export function decrypt(algorithm: DerElement | undefined, ciphertext: Buffer, password: Password): Buffer {
  const [type, parameters] = readChildren(expectTag(algorithm, TAG.sequence))
  const identifier = readObjectIdentifier(type)
  if (identifier === PBES2) return decryptPbes2(parameters, ciphertext, password)
  const cipher = OLD_CIPHERS.get(identifier)
  if (cipher === undefined) throw new Pkcs12Error('algorithm', `it is encrypted with ${identifier}`)
  const [saltElement, iterationsElement] = readChildren(expectTag(parameters, TAG.sequence))
  const salt = expectTag(saltElement, TAG.octetString).content
  const iterations = readIterations(iterationsElement)
  const key = derive(SHA1, PURPOSE.key, password, { salt, iterations, bytes: cipher.keyBytes })
  const iv = derive(SHA1, PURPOSE.iv, password, { salt, iterations, bytes: 8 })
  return cipher.decrypt(ciphertext, key, iv)
}

function decryptPbes2(parameters: DerElement | undefined, ciphertext: Buffer, password: Password): Buffer {
  const [derivation, scheme] = readChildren(expectTag(parameters, TAG.sequence))
  const [derivationType, derivationParameters] = readChildren(expectTag(derivation, TAG.sequence))
  const [schemeType, iv] = readChildren(expectTag(scheme, TAG.sequence))
  const derivationIdentifier = readObjectIdentifier(derivationType)
  const cipherIdentifier = readObjectIdentifier(schemeType)
  const cipher = PBES2_CIPHERS.get(cipherIdentifier)
  if (cipher === undefined || derivationIdentifier !== PBKDF2) {
    throw new Pkcs12Error(
      'algorithm',
      `it is encrypted with ${cipherIdentifier} under ${derivationIdentifier}`,
    )
  }
  const [salt, iterations, ...options] = readChildren(expectTag(derivationParameters, TAG.sequence))
  // keyLength is optional and says what the cipher says; the function is optional too, and SHA-1 by default.
  const functionElement = options.find(({ tag }) => tag === TAG.sequence)
  const functionIdentifier = functionElement
    ? readObjectIdentifier(readChildren(functionElement)[0])
    : HMAC_SHA1
  const digest = PSEUDORANDOM_FUNCTIONS.get(functionIdentifier)
  if (digest === undefined) {
    throw new Pkcs12Error('algorithm', `its key is derived with ${functionIdentifier}`)
  }
  const key = pbkdf2Sync(
    password.utf8,
    expectTag(salt, TAG.octetString).content,
    readIterations(iterations),
    cipher.keyBytes,
    digest,
  )
  return decipher(cipher.name, key, expectTag(iv, TAG.octetString).content, ciphertext)
}

function readIterations(element: DerElement | undefined): number {
  const iterations = readInteger(element)
  if (iterations < 1 || iterations > MAX_ITERATIONS) {
    throw new Pkcs12Error('limit', `it asks for ${iterations} rounds of key derivation`)
  }
  return iterations
}

/** The key derivation of RFC 7292 appendix B.2. */
function derive(
  digest: Digest,
  purpose: number,
  password: Password,
  { salt, iterations, bytes }: { salt: Buffer; iterations: number; bytes: number },
): Buffer {
  const { name, blockBytes } = digest
  const diversifier = Buffer.alloc(blockBytes, purpose)
  const input = Buffer.concat([repeatToBlocks(salt, blockBytes), repeatToBlocks(password.utf16, blockBytes)])
  const output: Buffer[] = []
  for (let length = 0; length < bytes; length += digest.bytes) {
    let block = hash(name, Buffer.concat([diversifier, input]), 'buffer')
    for (let round = 1; round < iterations; round++) block = hash(name, block, 'buffer')
    output.push(block)
    const increment = repeatToBlocks(block, blockBytes)
    for (let offset = 0; offset < input.length; offset += blockBytes) {
      addOneAnd(input.subarray(offset, offset + blockBytes), increment.subarray(0, blockBytes))
    }
  }
  return Buffer.concat(output).subarray(0, bytes)
}

function repeatToBlocks(bytes: Buffer, blockBytes: number): Buffer {
  if (bytes.length === 0) return bytes
  return Buffer.alloc(blockBytes * Math.ceil(bytes.length / blockBytes), bytes)
}

/** `target` = `target` + `addend` + 1, as big-endian numbers of their length. */
function addOneAnd(target: Buffer, addend: Buffer): void {
  let carry = 1
  for (let index = target.length - 1; index >= 0; index--) {
    const sum = (target[index] ?? 0) + (addend[index] ?? 0) + carry
    target[index] = sum & 0xff
    carry = sum >> 8
  }
}

function decryptTripleDes(ciphertext: Buffer, key: Buffer, iv: Buffer): Buffer {
  // Two-key triple DES is the three-key cipher with the first key used again.
  const threeKeys = key.length === 16 ? Buffer.concat([key, key.subarray(0, 8)]) : key
  return decipher('des-ede3-cbc', threeKeys, iv, ciphertext)
}

function decryptRc2(ciphertext: Buffer, key: Buffer, iv: Buffer): Buffer {
  if (ciphertext.length === 0 || ciphertext.length % 8 !== 0) throw decryptionFailed()
  const padded = decryptRc2Cbc(ciphertext, key, key.length * 8, iv)
  const padding = padded.at(-1) ?? 0
  const isPadded = padding >= 1 && padding <= 8 && padded.subarray(-padding).every((byte) => byte === padding)
  if (!isPadded) throw decryptionFailed()
  return padded.subarray(0, -padding)
}

function decipher(name: string, key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer {
  try {
    const cipher = createDecipheriv(name, key, iv)
    return Buffer.concat([cipher.update(ciphertext), cipher.final()])
  } catch (cause) {
    throw decryptionFailed(cause)
  }
}

function decryptionFailed(cause?: unknown): Pkcs12Error {
  return new Pkcs12Error('passphrase', 'its contents do not decrypt', { cause })
}
