import { type BroadcastDraft, type Explanation, explain, type MessageDraft } from 'apns-worker'
import { Command, Option } from 'commander'
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
import { UsageError } from './usage-error.js'

/** What the options of `explain` gave, by commander's names. */
interface ExplainFlags extends PayloadFlags, MessageFlags, CredentialFlags {
  readonly environment?: string
  readonly ca?: string
  readonly channel?: string
  readonly storage?: 'none' | 'latest'
  readonly json?: true
}

const EXAMPLES = `
Examples:
  apns-worker explain --alert 'Hello' --topic com.example.app
  apns-worker explain --payload notification.json --push-type background --topic com.example.app --json
  apns-worker explain --channel dHN0LXNyY2gtY2hubA== --storage none --payload update.json --topic com.example.app`

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
    .option('--channel <id>', 'as a broadcast, to this channel instead of devices')
    .addOption(new Option('--storage <policy>', 'what that channel stores').choices(['none', 'latest']))
    .option('--json', 'all of it as one line of JSON')
    .addHelpText('after', EXAMPLES + CREDENTIAL_ENVIRONMENT_HELP + EXIT_CODES)
    .action((tokens: string[], flags: ExplainFlags) => onExit(runExplain(tokens, flags)))
}

function runExplain(tokens: readonly string[], flags: ExplainFlags): ExitCode {
  const { env } = process
  const where = flags.environment ?? nonEmpty(env['APNS_ENVIRONMENT']) ?? 'production'
  const explanation = explain(draftFrom(tokens, flags), {
    topic: flags.topic ?? nonEmpty(env['APNS_TOPIC']),
    environment: parseEnvironment(where, flags.ca ?? nonEmpty(env['APNS_CA_PATH'])),
    credentials: kindOf(flags, env),
  })
  console.log(flags.json === true ? jsonOf(explanation) : String(explanation))
  return explanation.errors.length > 0 ? EXIT_CODE.someFailed : EXIT_CODE.allSent
}

function draftFrom(tokens: readonly string[], flags: ExplainFlags): MessageDraft | BroadcastDraft {
  const { channel, storage } = flags
  const options = messageOptionsFrom(flags)
  if (channel === undefined) {
    if (storage !== undefined) throw new UsageError('--storage is about a channel; give --channel')
    return { ...options, payload: payloadFrom(flags), tokens: tokens.map(asSent) }
  }
  const { expiration, priority, pushType, collapseId } = options
  if (tokens.length > 0) throw new UsageError('a broadcast goes to --channel, and to no device tokens')
  if (pushType !== undefined) throw new UsageError('a broadcast has no --push-type but liveactivity')
  if (collapseId !== undefined) throw new UsageError('a broadcast has no --collapse-id')
  return {
    channel: storage === undefined ? channel : { id: channel, storagePolicy: storage },
    payload: payloadFrom(flags),
    expiration,
    // Whatever it is, it is for `explain` to say what is wrong with it.
    priority: priority as BroadcastDraft['priority'],
  }
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
  const { pushType, pushTypeFrom, url, headers, body, payloadBytes, payloadLimit } = explanation
  const { devices, channelId, findings } = explanation
  return JSON.stringify({
    url,
    headers,
    body: body ?? null,
    payloadBytes,
    payloadLimit,
    pushType,
    pushTypeFrom: pushTypeFrom ?? null,
    devices,
    channelId: channelId ?? null,
    findings,
    curl: explanation.curl(),
  })
}
