import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// Compiled tests sit in dist-test/support; the files stay where they are.
const path = (name: string): string =>
  fileURLToPath(new URL(`../../test/support/certificates/${name}`, import.meta.url))
const read = (name: string): string => readFileSync(path(name), 'utf8')

/** A server certificate with its key, both PEM or both the paths of it. It is its own authority. */
export interface ServerIdentity {
  readonly key: string
  readonly cert: string
}

/** For localhost and 127.0.0.1. */
export const LOCALHOST: ServerIdentity = { key: read('localhost.key.pem'), cert: read('localhost.pem') }
/** Where its key and certificate are, for programs that read files. */
export const LOCALHOST_FILES: ServerIdentity = { key: path('localhost.key.pem'), cert: path('localhost.pem') }
/** For a host that is not this one. */
export const ELSEWHERE: ServerIdentity = { key: read('elsewhere.key.pem'), cert: read('elsewhere.pem') }

/** A provider token key, for servers that do not look at it. */
export const PROVIDER_KEY: { readonly key: string; readonly keyId: string; readonly teamId: string } = {
  key: read('provider.p8'),
  keyId: 'ABCDE12345',
  teamId: 'TEAM567890',
}
