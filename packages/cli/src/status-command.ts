import { Command } from 'commander'
import { parseCount } from './count-flag.js'
import { EXIT_CODE, type ExitCode } from './exit-code.js'
import { failedOf, messageLines, reasonLines } from './message-text.js'
import { addServerFlags, clientFrom, SERVER_HELP, type ServerFlags } from './server-flags.js'
import { readMessage, readSnapshot } from './server-snapshot.js'
import { snapshotLines } from './server-text.js'

interface StatusFlags extends ServerFlags {
  readonly limit: number
  readonly json?: true
}

const DEFAULT_LIMIT = 10
/** What the API gives at a time. */
const MAX_LIMIT = 1000

const HELP = `
Without an ID it is about the server: whether it is ready, its apps and their lines to Apple, the workers, the newest messages.
${SERVER_HELP}

Examples:
  apns-worker status
  apns-worker status 5031160f-6ea6-42e5-8818-b5e800000000
  apns-worker status --server https://push.example.com --api-key-path ~/.apns-worker-key --json

Exit codes:
  ${EXIT_CODE.allSent}    the server is ready; of a message: no notification has failed so far
  ${EXIT_CODE.someFailed}    the server is degraded or unavailable; of a message: some have failed
  ${EXIT_CODE.couldNotRun}    could not run: wrong usage, no answer, no such message, or a key that may not`

/** `apns-worker status`. */
export function statusCommand(onExit: (code: ExitCode) => void): Command {
  return addServerFlags(new Command('status'))
    .description('How it is with a running server, or with one of its messages.')
    .argument('[id]', 'the id of a message')
    .option('--limit <number>', 'how many messages of the server', parseCount(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--json', 'as one line of JSON')
    .addHelpText('after', HELP)
    .action(async (id: string | undefined, flags: StatusFlags) => onExit(await status(id, flags)))
}

async function status(id: string | undefined, flags: StatusFlags): Promise<ExitCode> {
  const api = clientFrom(flags, process.env)
  const { columns } = process.stdout
  if (id !== undefined) {
    const report = await readMessage(api, id)
    console.log(flags.json === true ? JSON.stringify(report) : messageLines(report, columns).join('\n'))
    return failedOf(report.counts) === 0 ? EXIT_CODE.allSent : EXIT_CODE.someFailed
  }
  const snapshot = await readSnapshot(api, flags.limit)
  const text = (): string =>
    [...snapshotLines(snapshot), ...reasonLines(snapshot.messages ?? [], columns)].join('\n')
  console.log(flags.json === true ? JSON.stringify(snapshot) : text())
  return snapshot.readiness.status === 'ready' ? EXIT_CODE.allSent : EXIT_CODE.someFailed
}
