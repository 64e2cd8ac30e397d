import { Command, InvalidArgumentError } from 'commander'
import { parseCount } from './count-flag.js'
import { EXIT_CODE, type ExitCode } from './exit-code.js'
import { Following } from './following.js'
import { failedOf } from './message-text.js'
import { addServerFlags, clientFrom, SERVER_HELP, type ServerFlags } from './server-flags.js'
import { jsonOutput, lineOutput, liveOutput, type WatchOutput } from './watch-output.js'
import { messageSubject, serverSubject, type WatchSubject } from './watch-subject.js'

interface WatchFlags extends ServerFlags {
  readonly limit: number
  /** In seconds. */
  readonly interval: number
  readonly json?: true
}

const DEFAULT_LIMIT = 10
const MAX_LIMIT = 1000
const DEFAULT_INTERVAL = 0.5
const MIN_INTERVAL = 0.05
const MAX_INTERVAL = 3600

const HELP = `
On a terminal it is drawn in one place; elsewhere there is a line for each change. A server that is away for a time, as at a
restart, is waited for. A message is watched to its end; the server, until Ctrl-C.
${SERVER_HELP}

Examples:
  apns-worker watch
  apns-worker watch 5031160f-6ea6-42e5-8818-b5e800000000
  apns-worker watch 5031160f-6ea6-42e5-8818-b5e800000000 --json | tail -n 1

Exit codes:
  ${EXIT_CODE.allSent}    every notification of the message was accepted; or whoever read the output has left
  ${EXIT_CODE.someFailed}    some were refused, left out or cancelled
  ${EXIT_CODE.couldNotRun}    could not run: wrong usage, no answer at first, no such message, or a key that may not
  ${EXIT_CODE.interrupted}  ended by Ctrl-C; the message goes on`

/** `apns-worker watch`. */
export function watchCommand(onExit: (code: ExitCode) => void): Command {
  return addServerFlags(new Command('watch'))
    .description('Watch a message, or a whole server, as it goes.')
    .argument('[id]', 'the id of a message; default: the server')
    .option('--limit <number>', 'how many messages of the server', parseCount(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--interval <seconds>', 'how often to look', parseInterval, DEFAULT_INTERVAL)
    .option('--json', 'a line of JSON for each change, as of status --json')
    .addHelpText('after', HELP)
    .action(async (id: string | undefined, flags: WatchFlags) => onExit(await watch(id, flags)))
}

async function watch(id: string | undefined, flags: WatchFlags): Promise<ExitCode> {
  const api = clientFrom(flags, process.env)
  if (id === undefined) return (await follow(serverSubject(api, flags.limit), flags)).code
  const { code, state } = await follow(messageSubject(api, id), flags)
  return state !== undefined && failedOf(state.counts) > 0 ? EXIT_CODE.someFailed : code
}

interface Followed<State> {
  /** What it was at its end; undefined where that was not waited for. */
  readonly state?: State
  readonly code: ExitCode
}

async function follow<State>(
  subject: WatchSubject<State>,
  { interval, json }: WatchFlags,
): Promise<Followed<State>> {
  const output = outputFor(subject, json === true)
  using following = new Following({
    onTrouble: (error) => output.trouble(error),
    onRelief: () => output.relief(),
  })
  try {
    for (;;) {
      const state = await following.ask((signal) => subject.read(signal))
      if (state !== undefined) output.show(state)
      if (following.cause !== undefined)
        return { code: following.cause === 'interrupted' ? EXIT_CODE.interrupted : EXIT_CODE.allSent }
      if (state !== undefined && subject.isOver(state)) return { state, code: EXIT_CODE.allSent }
      await following.pause(interval * 1000)
    }
  } finally {
    output.close()
  }
}

function outputFor<State>(subject: WatchSubject<State>, isJson: boolean): WatchOutput<State> {
  if (isJson) return jsonOutput(subject)
  const isLive = process.stdout.isTTY && process.env['TERM'] !== 'dumb'
  return isLive ? liveOutput(subject) : lineOutput(subject)
}

function parseInterval(text: string): number {
  const seconds = Number(text)
  if (text.trim() !== '' && seconds >= MIN_INTERVAL && seconds <= MAX_INTERVAL) return seconds
  throw new InvalidArgumentError(`It is a number of seconds, ${MIN_INTERVAL} to ${MAX_INTERVAL}.`)
}
