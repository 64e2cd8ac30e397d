import { readFileSync, statSync } from 'node:fs'
import { CredentialError, type CredentialErrorCode } from './credential-error.js'

/** Names the three things that are read, in options, codes and messages. */
export interface SourceKind {
  readonly pathOption: string
  readonly contentOption: string
  /** With its article, for messages. */
  readonly noun: string
  readonly notFound: CredentialErrorCode
  readonly unreadable: CredentialErrorCode
}

export const KEY_SOURCE: SourceKind = {
  pathOption: 'keyPath',
  contentOption: 'key',
  noun: 'a private key',
  notFound: 'KEY_FILE_NOT_FOUND',
  unreadable: 'KEY_FILE_UNREADABLE',
}
export const CERTIFICATE_SOURCE: SourceKind = {
  pathOption: 'certPath',
  contentOption: 'cert',
  noun: 'a certificate',
  notFound: 'CERTIFICATE_FILE_NOT_FOUND',
  unreadable: 'CERTIFICATE_FILE_UNREADABLE',
}
export const PKCS12_SOURCE: SourceKind = {
  pathOption: 'pfxPath',
  contentOption: 'pfx',
  noun: 'a PKCS#12 file',
  notFound: 'PKCS12_FILE_NOT_FOUND',
  unreadable: 'PKCS12_FILE_UNREADABLE',
}

/** What was read: PEM text or DER, told apart by {@link isPem}. */
export interface Source {
  readonly bytes: Buffer
  /** For messages: `keyPath ('/etc/apns/key.p8')` or `key`. */
  readonly name: string
  /** The path, if it came from a file. */
  readonly path?: string
}

/** A key or a chain is a few kilobytes; anything above this is some other file. */
export const MAX_SOURCE_BYTES = 1_048_576
const PEM_MARK = '-----BEGIN '
/** The first byte of every DER certificate, key and PKCS#12 file: a SEQUENCE. */
const DER_MARK = 0x30
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/
/** The base64 of `-----BEGIN`, and bare base64 long enough for a key: no file is called like that. */
const CONTENT_IN_PATH = /-----BEGIN|[\r\n\0]|^LS0tLS1CRUdJTi|^MI[A-Za-z0-9+/_=-]{100,}$/
const FILE_NAME = /^[^\r\n]{0,1024}\.(p8|pem|p12|pfx|cer|crt|key|der)$/i

export function isPem(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(PEM_MARK)
}

/** Whether an option counts as given: an empty string or buffer is what an unset environment variable leaves behind. */
export function isGiven(value: string | Uint8Array | undefined): value is string | Uint8Array {
  return value !== undefined && value.length > 0
}

/**
 * Reads one of the path and content pairs; `undefined` if neither is given.
 *
 * Both may hold PEM, DER, or either of them as base64.
 */
export function readSource(
  kind: SourceKind,
  path: string | undefined,
  content: string | Uint8Array | undefined,
): Source | undefined {
  if (isGiven(path) && isGiven(content)) {
    throw new CredentialError(
      'PATH_AND_CONTENT',
      `Both ${kind.pathOption} and ${kind.contentOption} are given: give the file's path or its content, not both.`,
    )
  }
  if (isGiven(path)) return { bytes: normalise(readFile(kind, path)), name: fileName(kind, path), path }
  if (!isGiven(content)) return undefined
  if (typeof content === 'string' && FILE_NAME.test(content)) {
    throw new CredentialError(
      'CONTENT_HOLDS_PATH',
      `${kind.contentOption} holds what looks like the name of a file: give it as ${kind.pathOption}, or give the file's content.`,
    )
  }
  return { bytes: normalise(Buffer.from(content)), name: kind.contentOption }
}

function fileName(kind: SourceKind, path: string): string {
  return `${kind.pathOption} ('${path}')`
}

function readFile(kind: SourceKind, path: string): Buffer {
  // Checked first because the file system's own message would quote the key.
  if (CONTENT_IN_PATH.test(path)) {
    throw new CredentialError(
      'PATH_HOLDS_CONTENT',
      `${kind.pathOption} holds ${kind.noun} itself, not the path of a file: give it as ${kind.contentOption}.`,
    )
  }
  const name = fileName(kind, path)
  let bytes: Buffer
  try {
    const size = statSync(path).size
    if (size > MAX_SOURCE_BYTES) {
      throw new CredentialError(kind.unreadable, `${name} is ${size} bytes long: that is not ${kind.noun}.`)
    }
    bytes = readFileSync(path)
  } catch (cause) {
    if (cause instanceof CredentialError) throw cause
    throw describeFileError(kind, name, cause)
  }
  if (bytes.length === 0) throw new CredentialError(kind.unreadable, `${name} is an empty file.`)
  return bytes
}

function describeFileError(kind: SourceKind, name: string, cause: unknown): CredentialError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new CredentialError(
        kind.notFound,
        `${name}: no such file. A relative path starts at the directory that the process was started in.`,
        { cause },
      )
    case 'EACCES':
    case 'EPERM':
      return new CredentialError(
        kind.unreadable,
        `${name}: permission denied. Let the user that runs this process read it.`,
        { cause },
      )
    case 'EISDIR':
      return new CredentialError(
        kind.unreadable,
        `${name} is a directory: give the path of the file inside it.`,
        {
          cause,
        },
      )
    default:
      return new CredentialError(kind.unreadable, `${name} cannot be read: ${code}.`, { cause })
  }
}

/** Undoes base64 around the content, and the UTF-16 that Windows shells write. */
function normalise(bytes: Buffer): Buffer {
  if (bytes[0] === 0xff && bytes[1] === 0xfe)
    return normalise(Buffer.from(bytes.toString('utf16le').slice(1)))
  if (isPem(bytes)) return bytes
  const text = bytes.toString('latin1').replaceAll(/\s|\\n|^["']|["']$/g, '')
  if (!BASE64.test(text)) return bytes
  const decoded = Buffer.from(text, 'base64')
  return isPem(decoded) || decoded[0] === DER_MARK ? decoded : bytes
}
