import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { inspect } from 'node:util'
import { CredentialError, type CredentialErrorCode } from '#src/credentials/credential-error.js'
import type { CredentialContext, CredentialOptions } from '#src/credentials/credential-options.js'
import { type Credentials, loadCredentials } from '#src/credentials/credentials.js'
import { NOW_MS } from './test-certificates.js'

export const ANYWHERE: CredentialContext = { environment: undefined, now: () => NOW_MS }
export const PRODUCTION: CredentialContext = { environment: 'production', now: () => NOW_MS }
export const SANDBOX: CredentialContext = { environment: 'sandbox', now: () => NOW_MS }

/** Long enough not to occur by chance in a path or a date. */
const SHORTEST_SECRET = 5

export function load(options: CredentialOptions, context: CredentialContext = ANYWHERE): Credentials {
  return loadCredentials(options, context)
}

/**
 * Asserts that loading fails with a code and a message, and that nothing secret among the options can be read in the
 * error, its stack, its properties or its causes.
 */
export function assertRefused(
  options: CredentialOptions,
  code: CredentialErrorCode,
  message: RegExp,
  context: CredentialContext = ANYWHERE,
): void {
  assert.throws(
    () => loadCredentials(options, context),
    (error: unknown) => {
      assert.ok(error instanceof CredentialError, inspect(error))
      assert.equal(error.code, code, error.message)
      assert.match(error.message, message)
      assertSecretsAbsent(inspect(error, { depth: 10, showHidden: true }), options)
      return true
    },
  )
}

export function assertSecretsAbsent(text: string, options: CredentialOptions): void {
  const { key, cert, pfx, passphrase } = options
  const secrets = [passphrase, ...[key, cert, pfx].flatMap(secretLines)]
  for (const secret of secrets) {
    if (secret === undefined || secret.length < SHORTEST_SECRET) continue
    assert.ok(!text.includes(secret), `the text holds a secret: ${text}`)
  }
}

function secretLines(content: string | Uint8Array | undefined): string[] {
  if (content === undefined) return []
  const text = Buffer.from(content).toString('latin1')
  return text.split(/\s|\\n/).filter((line) => line.length > 16 && !line.startsWith('-----'))
}

/** A folder of files that is gone when the test file is done. */
export function temporaryFolder(): { write(name: string, content: string | Uint8Array): string } {
  const folder = mkdtempSync(join(tmpdir(), 'credentials-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return {
    write(name, content) {
      const path = join(folder, name)
      writeFileSync(path, content)
      return path
    },
  }
}

/** The path of a file in fixtures/. */
export function fixture(name: string): string {
  return new URL(`../../test/credentials/fixtures/${name}`, import.meta.url).pathname
}
