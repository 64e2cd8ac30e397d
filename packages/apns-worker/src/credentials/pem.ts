/** One `-----BEGIN label-----` block (RFC 7468, and RFC 1421 headers of old encrypted keys). */
export interface PemBlock {
  readonly label: string
  /** The block alone, with line breaks where parsers want them. */
  readonly text: string
  /** Whether the private key inside needs a passphrase. */
  readonly isEncrypted: boolean
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*(?:-[^-]+)*)-----END \1-----/g
const BASE64_ONLY = /^[A-Za-z0-9+/=\s]*$/
const LINE = /.{1,64}/g

/**
 * The blocks of a PEM text, in order; text around them is skipped, as OpenSSL does.
 *
 * Environment variables and secret stores turn line breaks into `\n` in two characters, or into spaces; both are undone.
 */
export function readPemBlocks(text: string): PemBlock[] {
  const unescaped = text.replaceAll(/\\r/g, '').replaceAll(/\\n/g, '\n')
  return Array.from(unescaped.matchAll(BLOCK), ([whole, label = '', body = '']) => ({
    label,
    // A body with headers (Proc-Type, DEK-Info) needs its lines as they are.
    text: BASE64_ONLY.test(body) ? armour(label, body.replaceAll(/\s/g, '')) : `${whole}\n`,
    isEncrypted: label === 'ENCRYPTED PRIVATE KEY' || body.includes('Proc-Type: 4,ENCRYPTED'),
  }))
}

/** DER as PEM. */
export function toPem(label: string, der: Uint8Array): string {
  return armour(label, Buffer.from(der).toString('base64'))
}

function armour(label: string, base64: string): string {
  const lines = base64.match(LINE) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
