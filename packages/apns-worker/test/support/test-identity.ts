import { readFileSync } from 'node:fs'

// Compiled tests sit in dist-test/support; the files stay where they are.
const read = (name: string): string =>
  readFileSync(new URL(`../../test/support/certificates/${name}`, import.meta.url), 'utf8')

/** A server certificate with its key, both PEM. It is its own authority. */
export interface ServerIdentity {
  readonly key: string
  readonly cert: string
}

/** For localhost and 127.0.0.1. */
export const LOCALHOST: ServerIdentity = { key: read('localhost.key.pem'), cert: read('localhost.pem') }
/** For a host that is not this one. */
export const ELSEWHERE: ServerIdentity = { key: read('elsewhere.key.pem'), cert: read('elsewhere.pem') }

/** A provider token key, for servers that do not look at it. */
export const PROVIDER_KEY: { readonly key: string; readonly keyId: string; readonly teamId: string } = {
  key: read('provider.p8'),
  keyId: 'ABCDE12345',
  teamId: 'TEAM567890',
}
