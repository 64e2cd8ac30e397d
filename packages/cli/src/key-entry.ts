import { createHash } from 'node:crypto'
import type { AccessScope, ApiKeyConfig } from '@apns-worker/server'
import { UsageError } from './usage-error.js'

const SCOPES: readonly AccessScope[] = ['send', 'read', 'admin']
/** What the configuration allows for names of keys and of apps. */
const NAME = /^[A-Za-z0-9._-]{1,64}$/
/** What YAML takes for a text as it stands; all else is quoted. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z][\w.-]*$/i
/** Enough to tell entries apart, and of no use to anybody else. */
const SHOWN_DIGITS = 8

/** An entry of `apiKeys`, its hash with the prefix that the configuration asks for. */
export type KeyEntry = ApiKeyConfig

/** @throws {UsageError} for what the configuration would not take */
export function parseKeyName(text: string): string {
  if (NAME.test(text)) return text
  throw new UsageError(`--name is ${JSON.stringify(text)}; it has 1 to 64 letters, digits, ".", "_" and "-"`)
}

/** @throws {UsageError} for a scope that there is not */
export function parseScopes(text: string): AccessScope[] {
  return words(text).map((word) => {
    const scope = SCOPES.find((each) => each === word)
    if (scope !== undefined) return scope
    throw new UsageError(`--scopes has ${JSON.stringify(word)}; give some of ${SCOPES.join(', ')}`)
  })
}

/**
 * @param known the apps of the configuration; undefined where there is none to look at
 * @throws {UsageError} for an app that there is not
 */
export function parseKeyApps(text: string, known: readonly string[] | undefined): readonly string[] | 'all' {
  if (text === 'all') return 'all'
  const apps = words(text)
  for (const app of apps) {
    if (!NAME.test(app) || known?.includes(app) === false)
      throw new UsageError(
        `--apps has ${JSON.stringify(app)}; give all, or names of apps${known === undefined ? '' : `: ${known.join(', ')}`}`,
      )
  }
  return apps
}

/** As it stands in the configuration. */
export function keyEntryText({ name, hash, scopes, apps }: KeyEntry): string {
  return [
    'apiKeys:',
    `  - name: ${yamlText(name)}`,
    `    hash: ${hash}`,
    `    scopes: [${scopes.join(', ')}]`,
    `    apps: ${apps === 'all' ? apps : `[${apps.map(yamlText).join(', ')}]`}`,
  ].join('\n')
}

/** What may be shown of a hash. */
export function shortHash(hash: string): string {
  return `sha256:${hash.slice(0, SHOWN_DIGITS)}…`
}

/** The hash of a key, as the configuration has it without its prefix. */
export function hashOfKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

function words(text: string): string[] {
  return [...new Set(text.split(',').map((word) => word.trim()))]
}

function yamlText(text: string): string {
  return PLAIN.test(text) ? text : JSON.stringify(text)
}
