import { type Explanation, explain } from 'apns-worker'
import { Command } from 'commander'
import {
  addCredentialFlags,
  CREDENTIAL_ENVIRONMENT_HELP,
  type CredentialFlags,
  credentialsFrom,
} from './credential-flags.js'
import { readDeviceToken } from './device-token.js'
import { parseEnvironment } from './environment-flag.js'
import { nonEmpty } from './environment-variable.js'
import { EXIT_CODE, type ExitCode } from './exit-code.js'
import { addMessageFlags, type MessageFlags, messageOptionsFrom } from './message-flags.js'
import { addPayloadFlags, type PayloadFlags, payloadFrom } from './payload-flags.js'

/** What the options of `explain` gave, by commander's names. */
interface ExplainFlags extends PayloadFlags, MessageFlags, CredentialFlags {
  readonly environment?: string
  readonly ca?: string
  readonly json?: true
}

const EXAMPLES = `
Examples:
  apns-worker explain --alert 'Hello' --topic com.example.app
  apns-worker explain --payload notification.json --push-type background --topic com.example.app --json`

const EXIT_CODES = `
Exit codes:
  ${EXIT_CODE.allSent}    the notification can be sent, warnings aside
  ${EXIT_CODE.someFailed}    something is wrong with it
  ${EXIT_CODE.couldNotRun}    could not run: wrong usage`

/** `apns-worker explain`. */
export function explainCommand(onExit: (code: ExitCode) => void): Command {
  const command = new Command('explain')
    .description('Show the request that a notification would be, and what is wrong with it; send nothing.')
    .argument('[tokens...]', 'device tokens')
  return addCredentialFlags(addMessageFlags(addPayloadFlags(command)))
    .option(
      '--environment <where>',
      "production, sandbox, or another server's host:port (default: production)",
    )
    .option('--ca <file>', 'certificate authority of that other server, in PEM')
    .option('--json', 'all of it as one line of JSON')
    .addHelpText('after', EXAMPLES + CREDENTIAL_ENVIRONMENT_HELP + EXIT_CODES)
    .action((tokens: string[], flags: ExplainFlags) => onExit(runExplain(tokens, flags)))
}

function runExplain(tokens: readonly string[], flags: ExplainFlags): ExitCode {
  const { env } = process
  const where = flags.environment ?? nonEmpty(env['APNS_ENVIRONMENT']) ?? 'production'
  const draft = { ...messageOptionsFrom(flags), payload: payloadFrom(flags), tokens: tokens.map(asSent) }
  const explanation = explain(draft, {
    topic: flags.topic ?? nonEmpty(env['APNS_TOPIC']),
    environment: parseEnvironment(where, flags.ca ?? nonEmpty(env['APNS_CA_PATH'])),
    credentials: kindOf(flags, env),
  })
  console.log(flags.json === true ? jsonOf(explanation) : String(explanation))
  return explanation.errors.length > 0 ? EXIT_CODE.someFailed : EXIT_CODE.allSent
}

/** As `send` takes it; what is no token is left as it is, to be found. */
function asSent(text: string): string {
  const reading = readDeviceToken(text)
  return 'token' in reading ? reading.token : text
}

/** Which kind of credential `send` would use; whether it is any good is for the doctor to say. */
function kindOf(flags: CredentialFlags, env: NodeJS.ProcessEnv): 'token' | 'certificate' {
  const { certPath, cert, pfxPath, pfx } = credentialsFrom(flags, env)
  const isCertificate = [certPath, cert, pfxPath, pfx].some((each) => each !== undefined && each !== '')
  return isCertificate ? 'certificate' : 'token'
}

/** For programs: every key is always there, null where there is nothing to say. */
function jsonOf(explanation: Explanation): string {
  const { pushType, pushTypeFrom, url, headers, body, payloadBytes, payloadLimit, devices, findings } =
    explanation
  return JSON.stringify({
    url,
    headers,
    body: body ?? null,
    payloadBytes,
    payloadLimit,
    pushType,
    pushTypeFrom: pushTypeFrom ?? null,
    devices,
    findings,
    curl: explanation.curl(),
  })
}
