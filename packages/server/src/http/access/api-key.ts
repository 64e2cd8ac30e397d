import { hash, randomBytes } from 'node:crypto'

/** As hard to guess as a key of AES-256. */
const KEY_BYTES = 32

/** A new key for the API: `key` is for whoever is to use it, and kept nowhere; `hash` is for the configuration. */
export function newApiKey(): { readonly key: string; readonly hash: string } {
  const key = `aw_${randomBytes(KEY_BYTES).toString('base64url')}`
  return { key, hash: hashOfKey(key).toString('hex') }
}

/** A key is random and long, so a plain hash is enough: there is nothing to be guessed, as there is with passwords. */
export function hashOfKey(key: string): Buffer {
  return hash('sha256', key, 'buffer')
}
