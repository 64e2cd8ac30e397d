import { Command } from 'commander'
import { CursorFile } from './cursor-file.js'
import { EXIT_CODE, type ExitCode } from './exit-code.js'
import { FEEDBACK_CSV, FEEDBACK_NDJSON } from './feedback-format.js'
import { readFeedback } from './feedback-page.js'
import { Following } from './following.js'
import { addServerFlags, clientFrom, SERVER_HELP, type ServerFlags } from './server-flags.js'
import { UsageError } from './usage-error.js'

interface FeedbackFlags extends ServerFlags {
  readonly since?: string
  readonly cursorPath?: string
  readonly once?: true
  readonly app?: string
  readonly csv?: true
  readonly header: boolean
}

const BEGINNING = 'beginning'
/** Of a long poll, in seconds; the server allows 50. */
const WAIT = 30
/** After an empty answer: were it to come at once again and again, the server would not be asked without a pause. */
const PAUSE_MS = 200
/** Of a run that is to end, as a job at night is. */
const MAX_TRIES_ONCE = 5

const HELP = `
A line for each token, in the order in which the server has learnt of them. Each has its cursor: --since goes on behind it, and
nothing is left out. A lost connection is made again, and goes on where it was. With --cursor-path the place is kept in a file, after
what comes before it was written: whoever runs the command again with it is told nothing twice, unless it was killed in between.
${SERVER_HELP}

Examples:
  apns-worker feedback --once --csv > dead-tokens.csv
  apns-worker feedback --app news --cursor-path dead.cursor | ./delete-tokens
  apns-worker feedback --since AQAAAAAAAAAB0VWe

Exit codes:
  ${EXIT_CODE.allSent}    with --once, all were written; or whoever read the output has left
  ${EXIT_CODE.couldNotRun}    could not run: wrong usage, no answer at first (with --once: ${MAX_TRIES_ONCE} times), or a key that may not
  ${EXIT_CODE.interrupted}  ended by Ctrl-C; standard error has the cursor to go on with`

/** `apns-worker feedback`. */
export function feedbackCommand(onExit: (code: ExitCode) => void): Command {
  return addServerFlags(new Command('feedback'))
    .description('Follow the tokens that Apple has declared dead, as a running server learns of them.')
    .option('--since <cursor>', `behind a cursor, or from the ${BEGINNING} (default: ${BEGINNING})`)
    .option('--cursor-path <file>', 'a file that keeps the place; where it has one, that is where it begins')
    .option('--once', 'end when all that there are have been written')
    .option('--app <name>', 'of this app alone')
    .option('--csv', 'as CSV with a header; default: NDJSON')
    .option('--no-header', 'CSV without its header, to go on with a file')
    .addHelpText('after', HELP)
    .action(async (flags: FeedbackFlags) => onExit(await feedback(flags)))
}

async function feedback(flags: FeedbackFlags): Promise<ExitCode> {
  const { app, cursorPath, csv, header } = flags
  if (!header && csv !== true) throw new UsageError('--no-header is for --csv: NDJSON has none')
  const api = clientFrom(flags, process.env)
  const place = cursorPath === undefined ? undefined : new CursorFile(cursorPath)
  const since = flags.since ?? place?.read()
  let after = since === BEGINNING ? undefined : since
  const format = csv === true ? FEEDBACK_CSV : FEEDBACK_NDJSON
  let text = header ? format.header : ''
  using following = new Following({
    onTrouble: (error) => console.error(`${error.message}; waiting for it …`),
    onRelief: () => console.error('The server answers again'),
    ...(flags.once === true ? { maxTries: MAX_TRIES_ONCE } : {}),
  })
  // The first answer comes at once: so it is known that the server is there.
  for (let wait = 0; ; wait = flags.once === true ? 0 : WAIT) {
    const query = { after, app, wait }
    const page = await following.ask((signal) => readFeedback(api, query, signal))
    if (page === undefined) break
    text += page.items.map((item) => format.line(item)).join('')
    if (text !== '' && !(await write(text, following.signal))) break
    text = ''
    if (page.next !== after) place?.write(page.next)
    after = page.next
    if (page.items.length > 0) continue
    if (flags.once === true) return EXIT_CODE.allSent
    await following.pause(PAUSE_MS)
  }
  if (following.cause !== 'interrupted') return EXIT_CODE.allSent
  console.error(`Stopped; --since ${after ?? BEGINNING} goes on from here`)
  return EXIT_CODE.interrupted
}

/**
 * Writes no faster than is read.
 *
 * @returns whether it was taken: false when nobody reads any more, or the command was to stop before it was taken
 */
function write(text: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const stopped = (): void => resolve(false)
    signal.addEventListener('abort', stopped, { once: true })
    process.stdout.write(text, (error) => {
      signal.removeEventListener('abort', stopped)
      resolve(error === undefined || error === null)
    })
  })
}
