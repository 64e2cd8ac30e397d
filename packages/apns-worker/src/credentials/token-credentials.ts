import { basename } from 'node:path'
import { CredentialError } from './credential-error.js'
import type { CredentialContext, CredentialOptions } from './credential-options.js'
import { KEY_SOURCE, readSource, type Source } from './credential-source.js'
import { describeKey, readPrivateKey } from './private-key.js'
import { ProviderTokens } from './provider-tokens.js'

/** A provider token key, checked and ready to sign. */
export interface TokenCredentials {
  readonly kind: 'token'
  readonly keyId: string
  readonly teamId: string
  readonly tokens: ProviderTokens
}

const APPLE_ID = /^[A-Z0-9]{10}$/
/** How Apple names the file: AuthKey_ and the key id. */
const KEY_FILE_NAME = /^AuthKey_([A-Z0-9]{10})\.p8$/
const KEY_ID_HINT =
  'It is the ten characters in the name of the downloaded file, AuthKey_XXXXXXXXXX.p8, and beside the key at developer.apple.com.'
const TEAM_ID_HINT = 'It is the ten characters under “Membership details” at developer.apple.com.'
const OTHER_WAY = 'For a client certificate, give certPath (or cert) as well.'

/** Loads a `.p8` key with its ids. @throws CredentialError */
export function loadTokenCredentials(
  options: CredentialOptions,
  context: CredentialContext,
): TokenCredentials {
  const source = readSource(KEY_SOURCE, options.keyPath, options.key)
  if (source === undefined) {
    throw new CredentialError(
      'KEY_MISSING',
      'keyId and teamId need their key: give keyPath, the path of the .p8 file, or key, its content.',
    )
  }
  const key = readPrivateKey(source, options.passphrase)
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new CredentialError(
      'KEY_NOT_P256',
      `${source.name} holds ${describeKey(key)}; a provider token key is an EC key on the curve P-256 (a .p8 file from developer.apple.com). ${OTHER_WAY}`,
    )
  }
  const ids = readIds(options, source)
  const tokens = new ProviderTokens({
    key,
    ...ids,
    now: context.now,
    ...(options.extraClaims !== undefined && { extraClaims: options.extraClaims }),
  })
  return { kind: 'token', ...ids, tokens }
}

function readIds(options: CredentialOptions, source: Source): { keyId: string; teamId: string } {
  const keyIdInName = source.path === undefined ? undefined : KEY_FILE_NAME.exec(basename(source.path))?.[1]
  const keyId = options.keyId || keyIdInName
  const teamId = options.teamId
  if (!keyId) {
    throw new CredentialError('KEY_ID_MISSING', `keyId is missing. ${KEY_ID_HINT} ${OTHER_WAY}`)
  }
  if (!teamId) {
    throw new CredentialError('TEAM_ID_MISSING', `teamId is missing. ${TEAM_ID_HINT} ${OTHER_WAY}`)
  }
  if (!APPLE_ID.test(keyId)) {
    throw new CredentialError('KEY_ID_INVALID', `keyId ${describeBadId(keyId)}. ${KEY_ID_HINT}`)
  }
  if (!APPLE_ID.test(teamId)) {
    throw new CredentialError('TEAM_ID_INVALID', `teamId ${describeBadId(teamId)}. ${TEAM_ID_HINT}`)
  }
  if (keyIdInName !== undefined && teamId === keyIdInName && keyId !== keyIdInName) {
    throw new CredentialError(
      'IDS_SWAPPED',
      `teamId is the id in the key file’s name, which is the key’s: exchange keyId and teamId.`,
    )
  }
  return { keyId, teamId }
}

/** Does not quote the value: people paste keys into the wrong field. */
function describeBadId(id: string): string {
  if (id.length !== 10) return `has ${id.length} characters instead of ten`
  if (APPLE_ID.test(id.toUpperCase())) return 'has lower-case letters; Apple’s ids are upper-case'
  return 'has characters other than A to Z and 0 to 9'
}
