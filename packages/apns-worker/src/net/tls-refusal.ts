/**
 * Whether a failed connection is due to the configuration of either end, so that trying again would fail the same way:
 * certificates that are not trusted or not accepted, or a server that does not speak this protocol.
 */
export function isTlsRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false
  return CERTIFICATE_FAULT.test(error.code)
}

/** Codes of Node and OpenSSL for certificates that fail verification, and for alerts from the other end. */
const CERTIFICATE_FAULT =
  /CERT|ISSUER|^UNABLE_TO_|^ERR_SSL_.*(ALERT|WRONG_VERSION_NUMBER|UNSUPPORTED_PROTOCOL)|^INVALID_(CA|PURPOSE)|^ERR_HTTP2_NOT_SPOKEN$/
