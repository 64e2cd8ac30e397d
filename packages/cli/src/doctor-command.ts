import { type Diagnosis, type DoctorServer, diagnose } from 'apns-worker/doctor'
import { Command, InvalidArgumentError } from 'commander'
import {
  addCredentialFlags,
  CREDENTIAL_ENVIRONMENT_HELP,
  type CredentialFlags,
  credentialsFrom,
} from './credential-flags.js'
import { jsonReport } from './doctor-json.js'
import { DoctorText, markerFor } from './doctor-text.js'
import { parseEnvironment, readCa } from './environment-flag.js'
import { nonEmpty } from './environment-variable.js'
import { EXIT_CODE, type ExitCode } from './exit-code.js'
import { parsePort } from './port-flag.js'
import { proxyFrom, proxyOption } from './proxy-flag.js'
import { UsageError } from './usage-error.js'

/** What the options of `doctor` gave, by commander's names. */
interface DoctorFlags extends CredentialFlags {
  readonly topic?: string
  readonly environment?: string
  readonly host?: string
  readonly port?: number
  readonly ca?: string
  readonly proxy?: string
  readonly timeout?: number
  readonly broadcasts?: true
  readonly channelPort?: number
  readonly json?: true
}

const EXAMPLES = `
Examples:
  apns-worker doctor --key AuthKey_ABC123DEFG.p8 --team-id DEF123GHIJ --topic com.example.app
  apns-worker doctor --pfx push.p12 --passphrase-file secret.txt --environment production --json
  apns-worker doctor --host localhost --port 2197 --ca apns/ca.pem --key apns/AuthKey_ABC123DEFG.p8 …`

const EXIT_CODES = `
Exit codes:
  ${EXIT_CODE.allSent}    all is well, warnings aside
  ${EXIT_CODE.someFailed}    there are problems
  ${EXIT_CODE.couldNotRun}    could not run: wrong usage`

/** `apns-worker doctor`. */
export function doctorCommand(onExit: (code: ExitCode) => void): Command {
  const command = new Command('doctor')
    .description('Check step by step what sending needs: credential, network, TLS, HTTP/2, clock.')
    .option('--topic <topic>', "the app's bundle id, with the push type's suffix where it has one")
  addCredentialFlags(command)
    .option(
      '--environment <where>',
      "production, sandbox, both, or another server's host:port (default: both, or what the certificate is for)",
    )
    .option(
      '--host <host>',
      'another server, such as a simulator or relay; with --environment, one of that kind',
    )
    .option('--port <port>', 'its port, or 2197, the other one of Apple (default: 443)', parsePort)
    .option('--ca <file>', 'certificate authority of that other server, in PEM')
    .addOption(proxyOption())
    .option('--broadcasts', 'check the hosts for broadcasts, and for requests about their channels, as well')
    .option('--channel-port <port>', "with --broadcasts: that other server's port for channels", parsePort)
    .option('--timeout <seconds>', 'how long each check may take (default: 10)', parseTimeout)
    .option('--json', 'the report as one line of JSON')
  return command
    .addHelpText('after', EXAMPLES + CREDENTIAL_ENVIRONMENT_HELP + EXIT_CODES)
    .action(async (flags: DoctorFlags) => onExit(await runDoctor(flags)))
}

async function runDoctor(flags: DoctorFlags): Promise<ExitCode> {
  const diagnoses = begin(flags)
  const heard: Diagnosis[] = []
  const { stdout, env } = process
  const text = new DoctorText(markerFor(stdout, env), stdout.columns)
  for await (const diagnosis of diagnoses) {
    heard.push(diagnosis)
    if (flags.json !== true) for (const line of text.linesFor(diagnosis)) console.log(line)
  }
  if (flags.json === true) console.log(jsonReport(heard))
  else for (const line of text.summary(heard)) console.log(line)
  return heard.some(({ verdict }) => verdict === 'problem') ? EXIT_CODE.someFailed : EXIT_CODE.allSent
}

function begin(flags: DoctorFlags): ReturnType<typeof diagnose> {
  const { env } = process
  const options = {
    ...credentialsFrom(flags, env),
    topic: flags.topic ?? nonEmpty(env['APNS_TOPIC']),
    servers: serversFrom(flags, env),
    proxy: proxyFrom(flags, env),
    broadcasts: flags.broadcasts,
    timeout: flags.timeout,
  }
  try {
    return diagnose(options)
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message)
    throw error
  }
}

/** Undefined for whatever the credential is good for. */
function serversFrom(flags: DoctorFlags, env: NodeJS.ProcessEnv): DoctorServer[] | undefined {
  const { host, port } = flags
  const caPath = flags.ca ?? nonEmpty(env['APNS_CA_PATH'])
  if (host !== undefined) {
    const ca = caPath === undefined ? undefined : readCa(caPath)
    // What is typed is meant: a variable that names an environment is another server's.
    const { channelPort } = flags
    return [{ environment: environmentOfHost(flags.environment), host, port, channelPort, ca }]
  }
  if (flags.channelPort !== undefined)
    throw new UsageError("--channel-port is another server's: give its --host")
  const where = flags.environment ?? nonEmpty(env['APNS_ENVIRONMENT'])
  if (where === undefined || where === 'both') {
    if (caPath !== undefined) throw new UsageError('--ca is for another server: give its --host')
    if (where === undefined && port === undefined) return undefined
    return [
      { environment: 'production', port },
      { environment: 'sandbox', port },
    ]
  }
  const environment = parseEnvironment(where, caPath)
  if (typeof environment === 'string') return [{ environment, port }]
  if (port !== undefined) throw new UsageError(`--port and --environment ${where}: give the port once`)
  return [environment]
}

function environmentOfHost(where: string | undefined): 'production' | 'sandbox' | undefined {
  if (where === undefined || where === 'production' || where === 'sandbox') return where
  throw new UsageError(`--host and --environment ${where}: a host is production, sandbox, or neither`)
}

function parseTimeout(text: string): number {
  const seconds = Number(text)
  if (Number.isFinite(seconds) && seconds > 0) return seconds
  throw new InvalidArgumentError('It is a number of seconds, more than 0.')
}
