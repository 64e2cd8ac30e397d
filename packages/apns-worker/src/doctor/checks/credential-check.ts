import { basename } from 'node:path'
import {
  type CertificateCredentials,
  CredentialError,
  type Credentials,
  loadCredentials,
  type TokenCredentials,
} from '../../credentials/credentials.js'
import { DAY_MS, WARN_BEFORE_MS } from '../../credentials/expiry-warning.js'
import { type Check, type CheckResult, ok, problem, warning } from '../check.js'
import type { SetupContext } from '../context.js'

/** The key or certificate: whether it can be read, is of the right kind, and good for a while. */
export const credentialCheck: Check<SetupContext> = {
  name: 'credential',
  needs: [],
  run({ credentialOptions }) {
    let credentials: Credentials
    try {
      // Which environment a certificate is for is a question of its own.
      credentials = loadCredentials(credentialOptions, { environment: undefined, now: Date.now })
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error
      return problem(error.code, { text: error.message })
    }
    return credentials.kind === 'token'
      ? judgeKey(credentials, credentialOptions.keyPath)
      : judgeCertificate(credentials)
  },
}

function judgeKey(credentials: TokenCredentials, path: string | undefined): CheckResult<SetupContext> {
  const { keyId, teamId } = credentials
  const more = { learned: { credentials }, facts: { kind: 'token', keyId, teamId } }
  const text = `provider token key ${keyId} of team ${teamId}; it does not expire`
  const named = /^AuthKey_([A-Z0-9]{10})\.p8$/.exec(basename(path ?? ''))?.[1]
  if (named === undefined || named === keyId) return ok(text, more)
  return warning(
    'KEY_ID_DIFFERS',
    {
      text: `${text}. Its file is named for another key, ${named}`,
      advice: `Leave keyId out to take it from the file's name, or give the file of ${keyId}.`,
    },
    more,
  )
}

function judgeCertificate(credentials: CertificateCredentials): CheckResult<SetupContext> {
  const { subject, validTo, production, sandbox, topics } = credentials.certificate
  const more = {
    learned: { credentials },
    facts: {
      kind: 'certificate',
      subject,
      validTo: validTo.toISOString(),
      production,
      sandbox,
      topics: topics.map(({ topic }) => topic),
    },
  }
  const text = `client certificate ${subject}, for ${environmentsOf(production, sandbox)}`
  const leftMs = validTo.getTime() - Date.now()
  const until = `valid until ${validTo.toISOString().slice(0, 10)}`
  if (leftMs >= WARN_BEFORE_MS) return ok(`${text}; ${until}`, more)
  return warning(
    'CERTIFICATE_EXPIRES_SOON',
    {
      text: `${text}; ${until}, which is ${daysLeft(leftMs)}`,
      advice: 'Renew it at developer.apple.com; the app needs no change.',
    },
    more,
  )
}

function environmentsOf(production: boolean, sandbox: boolean): string {
  if (production && sandbox) return 'production and sandbox'
  if (production || sandbox) return production ? 'production only' : 'the sandbox only'
  return "no environment of Apple's"
}

function daysLeft(leftMs: number): string {
  const days = Math.floor(leftMs / DAY_MS)
  if (days === 0) return 'in less than a day'
  return days === 1 ? 'tomorrow' : `in ${days} days`
}
