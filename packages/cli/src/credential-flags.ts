import { readFileSync } from 'node:fs'
import type { CredentialOptions } from 'apns-worker'
import type { Command } from 'commander'
import { messageOf, UsageError } from './usage-error.js'

/** What the credential's options gave, by commander's names. */
export interface CredentialFlags {
  readonly key?: string
  readonly keyId?: string
  readonly teamId?: string
  readonly cert?: string
  readonly pfx?: string
  readonly passphrase?: string
  readonly passphraseFile?: string
}

/** Adds the options that name a credential. */
export function addCredentialFlags(command: Command): Command {
  return command
    .option('--key <file>', "provider token key (.p8), or the certificate's private key")
    .option('--key-id <id>', 'id of the provider token key; taken from a file name AuthKey_<id>.p8')
    .option('--team-id <id>', 'id of your team')
    .option('--cert <file>', 'client certificate in PEM; --key unless it holds the key too')
    .option('--pfx <file>', 'client certificate with its key in PKCS#12 (.p12, .pfx)')
    .option('--passphrase-file <file>', 'file with the passphrase of the key or PKCS#12 file')
    .option('--passphrase <text>', 'the same, for all who may list processes to see; prefer the file')
}

/** For `--help`. */
export const CREDENTIAL_ENVIRONMENT_HELP = `
Environment variables, for what no option gives:
  APNS_KEY_PATH or APNS_KEY (the content), APNS_KEY_ID, APNS_TEAM_ID
  APNS_CERT_PATH or APNS_CERT, APNS_PFX_PATH or APNS_PFX (base64), APNS_PASSPHRASE
  APNS_TOPIC, APNS_ENVIRONMENT, APNS_CA_PATH, APNS_PROXY`

/**
 * The credential that options and environment variables name together. An option that names a key or certificate puts
 * the variables that name one out of force: what is typed is meant.
 *
 * @throws {UsageError} when the passphrase cannot be read
 */
export function credentialsFrom(flags: CredentialFlags, environment: NodeJS.ProcessEnv): CredentialOptions {
  const passphrase = passphraseFrom(flags) ?? environment['APNS_PASSPHRASE']
  const ids = {
    keyId: flags.keyId ?? environment['APNS_KEY_ID'],
    teamId: flags.teamId ?? environment['APNS_TEAM_ID'],
  }
  if (flags.cert !== undefined || flags.pfx !== undefined) {
    // The ids belong to a provider token key: those of the environment are another credential's.
    const { key, keyId, teamId, cert, pfx } = flags
    return { keyPath: key, keyId, teamId, certPath: cert, pfxPath: pfx, passphrase }
  }
  if (flags.key !== undefined) return { keyPath: flags.key, ...ids, passphrase }
  return {
    keyPath: environment['APNS_KEY_PATH'],
    key: environment['APNS_KEY'],
    ...ids,
    certPath: environment['APNS_CERT_PATH'],
    cert: environment['APNS_CERT'],
    pfxPath: environment['APNS_PFX_PATH'],
    pfx: environment['APNS_PFX'],
    passphrase,
  }
}

function passphraseFrom({ passphrase, passphraseFile }: CredentialFlags): string | undefined {
  if (passphrase !== undefined && passphraseFile !== undefined) {
    throw new UsageError('--passphrase and --passphrase-file: give one')
  }
  if (passphraseFile === undefined) return passphrase
  try {
    return readFileSync(passphraseFile, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new UsageError(`cannot read --passphrase-file: ${messageOf(error)}`)
  }
}
