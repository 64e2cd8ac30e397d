import { homedir } from 'node:os'
import { join } from 'node:path'
import { type REPLServer, start } from 'node:repl'
import { promisify, styleText } from 'node:util'
import * as library from 'apns-worker'
import { type ApnsManagerOptions, type BackendClass, BinaryBackend, loadBackend } from 'apns-worker'
import { Command } from 'commander'
import {
  addCredentialFlags,
  CREDENTIAL_ENVIRONMENT_HELP,
  type CredentialFlags,
  credentialsFrom,
} from './credential-flags.js'
import { parseEnvironment } from './environment-flag.js'
import { EXIT_CODE, type ExitCode } from './exit-code.js'
import { makeManager } from './manager.js'
import { parsePort } from './port-flag.js'
import { proxyFrom, proxyOption } from './proxy-flag.js'
import { UsageError } from './usage-error.js'

/** What the options of `repl` gave, by commander's names. */
interface ReplFlags extends CredentialFlags {
  readonly production?: true
  readonly environment?: string
  readonly ca?: string
  readonly proxy?: string
  readonly feedbackPort?: number
  readonly topic?: string
  readonly gateway?: true
  readonly backend?: string
  readonly history: string
  readonly verbose?: true
}

const EXAMPLES = `
Examples:
  apns-worker repl --key AuthKey_ABC123DEFG.p8 --team-id DEF123GHIJ --topic com.example.app
  apns-worker repl push-key.pem push-cert.pem -p -v
  apns-worker repl push-key.pem push-cert.pem --gateway --environment relay.example.net:2195

At the prompt:
  > await apns.sendAps(['7f3a…c2'], { alert: 'Hello' }).done()
  > apns.getFeedback(console.log)
  > apns.stats()`

/** `apns-worker repl`: the original library's interactive shell. */
export function replCommand(onExit: (code: ExitCode) => void): Command {
  const command = new Command('repl')
    .description('An interactive prompt with a manager, apns, and the library in scope.')
    .argument('[key]', "private key in PEM, as the original library's command took it; or use --key")
    .argument('[cert]', 'client certificate in PEM; or use --cert')
    .option('-p, --production', "Apple's production environment; without it, the sandbox")
  return addCredentialFlags(command)
    .option('--environment <where>', "production, sandbox, or another server's host:port")
    .option('--ca <file>', 'certificate authority of that other server, in PEM')
    .addOption(proxyOption())
    .option('--topic <topic>', "the app's bundle id")
    .option('--gateway', 'speak the retired binary protocol')
    .option('--feedback-port <port>', "port of that other server's feedback service", parsePort)
    .option('--backend <module>', 'a backend of your own: a package, or a path to its module')
    .option(
      '--history <file>',
      'what was typed, kept for the next time; - for nowhere',
      join(homedir(), '.apns_worker_history'),
    )
    .option('-v, --verbose', 'say what the connections do')
    .addHelpText('after', EXAMPLES + CREDENTIAL_ENVIRONMENT_HELP)
    .action(async (key: string | undefined, cert: string | undefined, flags: ReplFlags) =>
      onExit(await runRepl(await managerOptionsFrom(key, cert, flags), flags.history)),
    )
}

async function managerOptionsFrom(
  key: string | undefined,
  cert: string | undefined,
  flags: ReplFlags,
): Promise<ApnsManagerOptions> {
  const { env } = process
  if (flags.production === true && flags.environment !== undefined) {
    throw new UsageError('--production and --environment: give one')
  }
  const where =
    flags.production === true ? 'production' : (flags.environment ?? env['APNS_ENVIRONMENT'] ?? 'sandbox')
  const environment = parseEnvironment(where, flags.ca ?? env['APNS_CA_PATH'])
  const backend = await backendFrom(flags)
  return {
    ...credentialsFrom(withPositions(key, cert, flags), env),
    ...(backend === undefined ? {} : { backend }),
    topic: flags.topic ?? env['APNS_TOPIC'],
    environment:
      typeof environment === 'string' ? environment : { ...environment, feedbackPort: flags.feedbackPort },
    proxy: proxyFrom(flags, env),
    ...(flags.verbose === true ? { logger: console } : {}),
  }
}

/** The original's command was `apns-worker KEY CERT`. */
function withPositions(key: string | undefined, cert: string | undefined, flags: ReplFlags): CredentialFlags {
  if (key === undefined) return flags
  if (flags.key !== undefined || (cert !== undefined && flags.cert !== undefined)) {
    throw new UsageError('a key and certificate as arguments, and as options: give one')
  }
  return cert === undefined ? { ...flags, key } : { ...flags, key, cert }
}

function backendFrom({ gateway, backend }: ReplFlags): BackendClass | Promise<BackendClass> | undefined {
  if (gateway === true && backend !== undefined) throw new UsageError('--gateway and --backend: give one')
  if (gateway === true) return BinaryBackend
  return backend === undefined ? undefined : loadBackend(backend)
}

async function runRepl(options: ApnsManagerOptions, history: string): Promise<ExitCode> {
  let prompt: REPLServer | undefined
  const apns = makeManager({
    ...options,
    errorHandler(error) {
      console.error(styleText('red', error.message), error.token ?? '')
      prompt?.displayPrompt(true)
    },
  })
  console.error(
    `apns-worker: apns is a manager for ${describe(options)}; Message and the rest of the library are here too.`,
  )
  prompt = start({ prompt: 'apns> ' })
  Object.assign(prompt.context, library, { apns })
  // Kept only for a person: what a script pipes in is no history.
  if (history !== '-' && prompt.terminal) await promisify(prompt.setupHistory.bind(prompt))(history)
  const server = prompt
  await new Promise<void>((resolve) => server.once('exit', resolve))
  const { unsent } = await apns.close()
  if (unsent.length > 0) console.error(`${unsent.length} not sent`)
  return unsent.length > 0 ? EXIT_CODE.someFailed : EXIT_CODE.allSent
}

function describe({ environment }: ApnsManagerOptions): string {
  return typeof environment === 'object' ? `${environment.host}:${environment.port}` : String(environment)
}
