import type { ConfigProblem, ServerConfig } from '@apns-worker/server'
import { Command } from 'commander'
import { EXIT_CODE, type ExitCode } from './exit-code.js'

/** What the options of `config check` gave, by commander's names. */
interface CheckFlags {
  readonly config?: string
  readonly print?: true
  readonly json?: true
}

const HELP = `
Every setting is also an environment variable, which wins: APNS_WORKER_LISTEN, APNS_WORKER_APPS_0_KEY and so on; without
--config, APNS_WORKER_CONFIG names the file. Nothing is connected to, and nothing is written.

Examples:
  apns-worker config check --config apns-worker.yaml
  apns-worker config check --config apns-worker.yaml --print

Exit codes:
  ${EXIT_CODE.allSent}    the server can start with it
  ${EXIT_CODE.someFailed}    there are problems
  ${EXIT_CODE.couldNotRun}    could not run: wrong usage`

/** `apns-worker config`. */
export function configCommand(onExit: (code: ExitCode) => void): Command {
  const check = new Command('check')
    .description('Check the configuration of the server, credentials included, without starting it.')
    .option('--config <file>', 'the YAML file')
    .option('--print', 'show the configuration as it counts, with every secret hidden')
    .option('--json', 'the report as one line of JSON')
    .addHelpText('after', HELP)
    .action(async (flags: CheckFlags) => onExit(await runCheck(flags)))
  return new Command('config').description('The configuration of the server.').addCommand(check)
}

async function runCheck({ config: path, print, json }: CheckFlags): Promise<ExitCode> {
  // Only now: the server is large, and no other command needs it.
  const { ConfigError, configText, problemText, readConfig, redactedConfig } = await import(
    '@apns-worker/server'
  )
  let config: ServerConfig
  try {
    config = readConfig({ path })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { problems } = error
    if (json === true) console.log(JSON.stringify({ ok: false, problems: problems.map(plainProblem) }))
    else for (const problem of problems) console.error(problemText(problem))
    return EXIT_CODE.someFailed
  }
  if (json === true)
    console.log(JSON.stringify({ ok: true, problems: [], ...(print && { config: redactedConfig(config) }) }))
  else if (print === true) process.stdout.write(configText(config))
  else console.log(`ok: ${summary(config)}`)
  return EXIT_CODE.allSent
}

function plainProblem({ path, message, place }: ConfigProblem): object {
  return { path, message, ...place }
}

function summary({ apps, apiKeys }: ServerConfig): string {
  const names = apps.map(({ name }) => name).join(', ')
  return `${counted(apps.length, 'app')} (${names}), ${counted(apiKeys.length, 'API key')}`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
