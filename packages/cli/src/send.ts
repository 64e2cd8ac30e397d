import {
  type ApnsManager,
  type ApnsManagerOptions,
  type Logger,
  Message,
  type MessageOptions,
} from 'apns-worker'
import type { ExitCode } from './exit-code.js'
import { makeManager } from './manager.js'
import { OutcomeLog } from './outcome-log.js'
import { Progress } from './progress.js'
import { Sending } from './sending.js'
import { StopSignal, watchInterrupts } from './stop-signal.js'
import { exitCodeOf, jsonSummary, textSummary } from './summary.js'
import { type OnWrongLine, TokenReader, type TokenReadOptions, type TokenSource } from './token-source.js'
import { messageOf, UsageError } from './usage-error.js'

/** Beyond these, wrong lines are counted only. */
const MAX_SHOWN_WRONG_LINES = 10

/** Everything that one run of `send` is about. */
export interface SendJob extends TokenReadOptions {
  readonly source: TokenSource
  /** Whether to send nothing when a line holds no token; of a pipe, what comes before that line has been sent. */
  readonly strict: boolean
  readonly payload: object
  readonly messageOptions: MessageOptions
  /** Credentials, environment, proxy and topic. */
  readonly managerOptions: ApnsManagerOptions
  readonly outcomesPath: string | undefined
  readonly json: boolean
  readonly verbose: boolean
}

/**
 * Sends, shows the progress on standard error and the summary on standard output.
 *
 * @throws {UsageError} and the library's errors for a credential or a message, before anything is sent
 */
export async function send(job: SendJob): Promise<ExitCode> {
  // What is wrong with the payload and its options shows before anything is read or connected.
  const probe = new Message([], job.payload, job.messageOptions)
  if (job.strict && job.source.isRepeatable) await assertNoWrongLines(job)
  const stop = new StopSignal()
  const progress = new Progress(process.stderr, () => performance.now())
  const manager = makeManager({
    ...job.managerOptions,
    logger: job.verbose ? noteLogger(progress) : SILENT,
    errorHandler: (error) => {
      if (error.code === 'configuration') stop.stop({ kind: 'configuration', error })
    },
  })
  let outcomes: OutcomeLog | undefined
  const unwatch = watchInterrupts(
    () => {
      progress.note('Stopping: waiting for what is on its way (Ctrl-C again to leave it) …')
      stop.stop({ kind: 'interrupted' })
    },
    () => progress.abandon(),
  )
  try {
    manager.sendMessage(probe)
    if (job.outcomesPath !== undefined) outcomes = await OutcomeLog.open(job.outcomesPath)
    return await sendAll(job, { manager, outcomes, progress, stop })
  } finally {
    unwatch()
    await manager.close({ timeout: 0 })
    await outcomes?.close()
  }
}

interface Tools {
  readonly manager: ApnsManager
  readonly outcomes: OutcomeLog | undefined
  readonly progress: Progress
  readonly stop: StopSignal
}

async function sendAll(job: SendJob, { manager, outcomes, progress, stop }: Tools): Promise<ExitCode> {
  const { source, payload, messageOptions } = job
  const reader = new TokenReader(source, job, wrongLineReporter(job, progress))
  const sending = new Sending({
    manager,
    reader,
    payload,
    messageOptions,
    outcomes,
    progress,
    stop,
    sourceSize: source.size,
  })
  const startedMs = performance.now()
  try {
    await sending.run()
  } finally {
    sending.finishProgress()
  }
  const { report: read } = reader
  const { cause } = stop
  const summary = { sending, read, cause, seconds: (performance.now() - startedMs) / 1_000 }
  if (cause?.kind === 'configuration') console.error(`error: ${cause.error.message}`)
  if (sending.tokens === 0 && cause === undefined) throw new UsageError(`${source.name}: no device tokens`)
  const lines = job.json ? [jsonSummary(summary)] : textSummary(summary, process.stdout.columns)
  console.log(lines.join('\n'))
  return exitCodeOf(summary)
}

async function assertNoWrongLines(job: SendJob): Promise<void> {
  const reader = new TokenReader(job.source, job, wrongLineReporter({ ...job, strict: false }, console))
  for await (const _batch of reader.batches(new AbortController().signal)) {
    // Reading them is all.
  }
  const { wrongLines } = reader.report
  if (wrongLines === 0) return
  throw new UsageError(
    `nothing was sent: ${wrongLines} ${job.source.unit}${wrongLines === 1 ? '' : 's'} of ${job.source.name} held no device token`,
  )
}

/** Shows the first wrong lines. */
function wrongLineReporter(
  { source, strict }: SendJob,
  screen: Pick<Progress, 'note'> | Console,
): OnWrongLine {
  const note = (line: string): void => ('note' in screen ? screen.note(line) : screen.error(line))
  let count = 0
  return (place, problem) => {
    const text = `${source.unit} ${place} ${problem}`
    if (strict) throw new UsageError(text)
    count++
    if (count <= MAX_SHOWN_WRONG_LINES) note(`${source.name}: ${text}`)
    if (count === MAX_SHOWN_WRONG_LINES) note(`${source.name}: further such ${source.unit}s are counted only`)
  }
}

const ignore = (): void => {}
const SILENT: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

function noteLogger(progress: Progress): Logger {
  const at = (level: string) => (message: string, details?: object) =>
    progress.note(`${level}: ${message}${details === undefined ? '' : ` ${describe(details)}`}`)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function describe(details: object): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}=${value instanceof Error ? messageOf(value) : String(value)}`)
    .join(' ')
}
