import { REASONS } from 'apns-worker'

const OTHER = 'other'
/** What the library and the worker say by themselves, beside Apple's reasons. */
const OWN_REASONS = [
  'Expired',
  'Cancelled',
  'Closed',
  'ConnectionLost',
  'RequestTimeout',
  'RequestReset',
  'StreamRefused',
  'WrongEnvironment',
  'ClockSkew',
  'TlsHandshake',
  'ProxyCredentials',
  'ProxyTlsHandshake',
  'BackendFailed',
  'Suppressed',
  'BAD_CONTENT',
  'PAYLOAD_TOO_LARGE',
  'TOPIC_MISSING',
  'WRONG_BACKEND',
] as const
const KNOWN: ReadonlySet<string> = new Set([...Object.keys(REASONS), ...OWN_REASONS])

/** A reason as a label: a server may make up any number, and each would be a series for ever. */
export function reasonLabel(reason: string | undefined): string {
  return reason !== undefined && KNOWN.has(reason) ? reason : OTHER
}
