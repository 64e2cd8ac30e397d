import { createHash } from 'node:crypto'
import type { ConfigFile } from './config-file.js'
import { didYouMean } from './did-you-mean.js'
import type { Problems } from './problems.js'
import type { ApiKeyConfig } from './server-config.js'

const HASH = /^sha256:([0-9a-f]{64})$/i
const HOW_TO = 'make a key with "openssl rand -hex 32", and its hash with "printf %s KEY | sha256sum"'
/** What people write until they have a key; their hashes are the first that anybody tries. */
const WEAK = [
  '',
  '\n',
  'admin',
  'apikey',
  'api-key',
  'apns',
  'changeme',
  'example',
  'key',
  'password',
  'secret',
  'test',
  'token',
  '123456',
  '12345678',
]
const WEAK_HASHES: ReadonlySet<string> = new Set(
  WEAK.map((key) => createHash('sha256').update(key).digest('hex')),
)

/** Who may use the API; the problems say what is wrong. */
export function readApiKeys({ apiKeys, apps }: ConfigFile, problems: Problems): ApiKeyConfig[] {
  const appNames = new Set(apps.map(({ name }) => name))
  const names = new Map<string, number>()
  const hashes = new Map<string, number>()
  return apiKeys.map(({ hash, ...key }, index) => {
    const path = ['apiKeys', index]
    const digest = HASH.exec(hash)?.[1]?.toLowerCase()
    // What is there instead is the key itself, most likely, so it is not shown.
    if (digest === undefined)
      problems.add(
        [...path, 'hash'],
        `is not sha256: and 64 hexadecimal digits, and never the key itself; ${HOW_TO}`,
      )
    else if (WEAK_HASHES.has(digest))
      problems.add([...path, 'hash'], `is that of a key which everybody guesses; ${HOW_TO}`)
    else if (hashes.has(digest))
      problems.add(
        [...path, 'hash'],
        `is that of apiKeys[${hashes.get(digest)}] too; give each a key of its own`,
      )
    else hashes.set(digest, index)
    if (names.has(key.name))
      problems.add([...path, 'name'], `is that of apiKeys[${names.get(key.name)}] too; give each its own`)
    else names.set(key.name, index)
    for (const [position, app] of (key.apps === 'all' ? [] : key.apps).entries()) {
      if (!appNames.has(app)) problems.add([...path, 'apps', position], noApp(app, appNames))
    }
    return { ...key, hash: digest ?? '' }
  })
}

function noApp(app: string, known: ReadonlySet<string>): string {
  const meant = didYouMean(app, known)
  return `is ${app}, and there is no such app${meant === undefined ? '' : `; did you mean ${meant}?`}`
}
