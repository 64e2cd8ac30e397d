import type { ServerRole } from '@apns-worker/server'
import { Command, Option } from 'commander'
import { EXIT_CODE } from './exit-code.js'
import { UsageError } from './usage-error.js'

/** The configuration may be in the environment as a whole. */
const VARIABLES = 'APNS_WORKER_'

interface ServeFlags {
  readonly config?: string
  readonly role?: ServerRole
  readonly demo?: true
  readonly once?: true
}

/** `apns-worker serve`. */
export function serveCommand(onExit: (code: number) => void): Command {
  return new Command('serve')
    .description(
      'Run the durable server: messages over HTTP, kept on disk until Apple has answered for each token.',
    )
    .option('--config <file>', 'the configuration, in YAML')
    .addOption(
      new Option('--role <role>', 'what it does; wins over the configuration').choices([
        'all',
        'api',
        'worker',
      ]),
    )
    .option('--demo', 'with an APNs on this machine, a store in a temporary folder, and a first message')
    .option('--once', 'with --demo: end after the first message, as where the output is no terminal')
    .addHelpText('after', HELP)
    .action(async (flags: ServeFlags) => onExit(await serve(flags)))
}

async function serve({ config, role, demo, once }: ServeFlags): Promise<number> {
  if (demo === true) {
    if (config !== undefined) throw new UsageError('--demo makes its own configuration: leave out --config')
    if (role !== undefined) throw new UsageError('--demo takes messages and sends them: leave out --role')
    // Only where it is needed: the server brings a web framework with it.
    const { serveDemo } = await import('./serve-demo.js')
    return serveDemo({ once: once === true || !process.stdout.isTTY })
  }
  if (once === true) throw new UsageError('--once is for --demo')
  if (config === undefined && !Object.keys(process.env).some((name) => name.startsWith(VARIABLES))) {
    throw new UsageError(
      `--config names the configuration, or variables beginning with ${VARIABLES} have it; or try --demo`,
    )
  }
  const { serveConfig } = await import('./serve-config.js')
  return serveConfig(config, role)
}

const HELP = `
Roles: api takes messages and keeps them; worker sends them, and answers probes and scrapes only; all does both. Processes with
the same outbox (or, on one machine, the same store) do it together.

Signals: SIGTERM and SIGINT stop it, a second one at once; SIGHUP has it read its configuration again.

Exit codes:
  0    stopped, and all that was in flight was answered
  1    an unexpected error
  ${EXIT_CODE.couldNotRun}    did not start: wrong usage, configuration, address or store
  3    stopped, and not all that was in flight was answered in time; nothing is lost
  130  ended by a second SIGINT (143: SIGTERM)`
