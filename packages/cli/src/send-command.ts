import { Command } from 'commander'
import {
  addCredentialFlags,
  CREDENTIAL_ENVIRONMENT_HELP,
  type CredentialFlags,
  credentialsFrom,
} from './credential-flags.js'
import { parseEnvironment } from './environment-flag.js'
import { nonEmpty } from './environment-variable.js'
import { EXIT_CODE_HELP, type ExitCode } from './exit-code.js'
import { addMessageFlags, type MessageFlags, messageOptionsFrom } from './message-flags.js'
import { addPayloadFlags, type PayloadFlags, payloadFrom } from './payload-flags.js'
import { proxyFrom, proxyOption } from './proxy-flag.js'
import { send } from './send.js'
import { type TokenSource, tokensFromArguments, tokensFromFile, tokensFromStream } from './token-source.js'
import { UsageError } from './usage-error.js'

/** What the options of `send` gave, by commander's names. */
interface SendFlags extends PayloadFlags, MessageFlags, CredentialFlags {
  readonly tokensFile?: string
  readonly column?: string
  readonly strict?: true
  readonly keepDuplicates?: true
  readonly environment?: string
  readonly ca?: string
  readonly proxy?: string
  readonly outcomes?: string
  readonly json?: true
  readonly verbose?: true
}

const EXAMPLES = `
Examples:
  apns-worker send 7f3a…c2 --alert 'Hello' --topic com.example.app --key AuthKey_ABC123DEFG.p8 --team-id DEF123GHIJ
  apns-worker send --tokens-file users.csv --column device_token --title 'News' --body 'It is here' --outcomes out.ndjson
  psql -Atc 'select token from devices' | apns-worker send --content-available`

/** `apns-worker send`. */
export function sendCommand(onExit: (code: ExitCode) => void): Command {
  const command = new Command('send')
    .description('Send one notification to any number of devices.')
    .argument('[tokens...]', 'device tokens; default: from --tokens-file, or standard input')
    .option(
      '--tokens-file <file>',
      'list of tokens: one a line, or CSV with a token column; - for standard input',
    )
    .option('--column <name|number>', 'the column of a CSV list that holds the tokens')
    .option('--strict', 'send nothing when a line of the list holds no token')
    .option('--keep-duplicates', 'send to a token as often as the list has it')
  addCredentialFlags(addMessageFlags(addPayloadFlags(command)))
    .option(
      '--environment <where>',
      "production, sandbox, or another server's host:port (default: production)",
    )
    .option('--ca <file>', 'certificate authority of that other server, in PEM')
    .addOption(proxyOption())
    .option('--outcomes <file>', "each notification's outcome, as NDJSON")
    .option('--json', 'the summary as one line of JSON')
    .option('--verbose', 'say what the connections do')
  return command
    .addHelpText('after', EXAMPLES + CREDENTIAL_ENVIRONMENT_HELP + EXIT_CODE_HELP)
    .action(async (tokens: string[], flags: SendFlags) => onExit(await runSend(tokens, flags)))
}

function runSend(tokens: readonly string[], flags: SendFlags): Promise<ExitCode> {
  const { env } = process
  const where = flags.environment ?? nonEmpty(env['APNS_ENVIRONMENT']) ?? 'production'
  return send({
    source: sourceFrom(tokens, flags),
    column: flags.column,
    keepDuplicates: flags.keepDuplicates,
    strict: flags.strict ?? false,
    payload: payloadFrom(flags),
    messageOptions: messageOptionsFrom(flags),
    managerOptions: {
      ...credentialsFrom(flags, env),
      topic: flags.topic ?? nonEmpty(env['APNS_TOPIC']),
      environment: parseEnvironment(where, flags.ca ?? nonEmpty(env['APNS_CA_PATH'])),
      proxy: proxyFrom(flags, env),
    },
    outcomesPath: flags.outcomes,
    json: flags.json ?? false,
    verbose: flags.verbose ?? false,
  })
}

function sourceFrom(tokens: readonly string[], { tokensFile, payload }: SendFlags): TokenSource {
  if (tokens.length > 0) {
    if (tokensFile !== undefined) throw new UsageError('tokens as arguments and --tokens-file: give one')
    return tokensFromArguments(tokens)
  }
  if (tokensFile !== undefined && tokensFile !== '-') return tokensFromFile(tokensFile)
  if (payload === '-')
    throw new UsageError('standard input holds the payload: give the tokens as arguments or a file')
  if (tokensFile === undefined && process.stdin.isTTY) {
    throw new UsageError('no device tokens: give them as arguments, with --tokens-file, or pipe them in')
  }
  return tokensFromStream(process.stdin)
}
