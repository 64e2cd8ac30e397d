import type { RequestTarget } from './facts.js'

/** A request as one line for a POSIX shell; what is secret, or not known yet, is a variable of the shell's. */
export function curlLine(
  url: string,
  fields: readonly (readonly [name: string, value: string])[],
  body: string,
  { credentials, hasOwnAuthority }: RequestTarget,
): string {
  const headers = fields.map(([name, value]) =>
    name === 'authorization'
      ? '--header "authorization: bearer $JWT"'
      : `--header ${quoted(`${name}: ${value}`)}`,
  )
  return [
    'curl --http2 --include',
    ...(hasOwnAuthority ? ['--cacert "$CA"'] : []),
    ...(credentials === 'certificate' ? ['--cert "$CERT" --key "$KEY"'] : []),
    ...headers,
    `--data-raw ${quoted(body)}`,
    `"${url}"`,
  ].join(' ')
}

/** In single quotes nothing means anything to a shell; a single quote itself is put between two such strings. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
