import { styleText } from 'node:util'
import type { CheckedServer, CheckName, Diagnosis, DiagnosisPart, DoctorVerdict } from 'apns-worker/doctor'
import { printable } from './printable.js'

/** How a verdict is shown, and what else is painted. */
export interface Marker {
  readonly marks: Readonly<Record<DoctorVerdict, string>>
  readonly markColumns: number
  bold(text: string): string
}

type Format = Parameters<typeof styleText>[0]

/** Our own decision: whether the text is for a terminal is asked once, for symbols and colours alike. */
const paint = (format: Format, text: string): string => styleText(format, text, { validateStream: false })

const SYMBOLS: Marker = {
  marks: {
    ok: paint('green', '✓'),
    warning: paint('yellow', '!'),
    problem: paint('red', '✗'),
    skipped: paint('dim', '-'),
  },
  markColumns: 1,
  bold: (text) => paint('bold', text),
}
const WORDS: Marker = {
  marks: { ok: 'ok', warning: 'warning', problem: 'problem', skipped: 'skipped' },
  markColumns: 7,
  bold: (text) => text,
}

/** Symbols in colour for a terminal; words where there is none, or where NO_COLOR asks for them. */
export function markerFor(
  screen: { readonly isTTY?: boolean },
  { FORCE_COLOR = '', NO_COLOR = '', TERM }: NodeJS.ProcessEnv,
): Marker {
  if (FORCE_COLOR !== '') return FORCE_COLOR === '0' ? WORDS : SYMBOLS
  return screen.isTTY === true && NO_COLOR === '' && TERM !== 'dumb' ? SYMBOLS : WORDS
}

const LABELS: Readonly<Record<CheckName, string>> = {
  credential: 'credential',
  topic: 'topic',
  environment: 'environment',
  dns: 'DNS',
  tcp: 'TCP',
  tunnel: 'proxy',
  tls: 'TLS',
  alpn: 'ALPN',
  settings: 'SETTINGS',
  authentication: 'authentication',
  clock: 'clock',
}
const LABEL_COLUMNS = Math.max(...Object.values(LABELS).map(({ length }) => length))
/** Lines of text that are wider are hard to read. */
const MAX_COLUMNS = 120
const MIN_TEXT_COLUMNS = 20

/** The report for people, line by line as it comes. */
export class DoctorText {
  readonly #marker: Marker
  readonly #indent: string
  readonly #textColumns: number
  #server: CheckedServer | undefined

  /** @param columns width of the terminal; undefined leaves lines as long as they are */
  constructor(marker: Marker, columns: number | undefined) {
    this.#marker = marker
    this.#indent = ' '.repeat(marker.markColumns + 1 + LABEL_COLUMNS + 1)
    this.#textColumns =
      columns === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(MIN_TEXT_COLUMNS, Math.min(columns, MAX_COLUMNS) - this.#indent.length)
  }

  /** The lines of one check; none for one that another's failure has made impossible, which that one names. */
  linesFor(diagnosis: Diagnosis): string[] {
    const { check, server, verdict, text, advice, parts, blocks, because } = diagnosis
    const heading = this.#headingFor(server)
    if (because !== undefined) return heading
    const notes = [
      ...parts.map((part) => this.#partText(part)),
      ...(advice === undefined ? [] : [`→ ${advice}`]),
      ...(blocks.length === 0 ? [] : [`Not checked because of this: ${blocks.map(labelOf).join(', ')}`]),
    ]
    const [first = '', ...more] = [text, ...notes].flatMap((each) => this.#wrap(printable(each)))
    const start = `${this.#mark(verdict)} ${labelOf(check).padEnd(LABEL_COLUMNS)} ${first}`
    return [...heading, start, ...more.map((line) => this.#indent + line)]
  }

  /** What it all comes to. */
  summary(diagnoses: readonly Diagnosis[]): string[] {
    const problems = diagnoses.filter(({ verdict }) => verdict === 'problem').length
    const warnings = diagnoses.filter(({ verdict }) => verdict === 'warning').length
    if (problems === 0 && warnings === 0) return ['', 'All is well.']
    return ['', `${count(problems, 'problem')}, ${count(warnings, 'warning')}`]
  }

  #headingFor(server: CheckedServer | undefined): string[] {
    if (server === undefined || server === this.#server) return []
    this.#server = server
    const { name, environment, host, port, proxy } = server
    const isApples = environment !== undefined && (name === environment || name.startsWith(`${environment} `))
    const place = isApples ? `${name}: ${host}:${port}` : name
    const kind = environment === undefined || isApples ? '' : `, as ${environment}`
    const way = proxy === undefined ? '' : `, through ${proxy}`
    return ['', this.#marker.bold(printable(place + kind + way))]
  }

  #partText({ subject, verdict, text, seconds }: DiagnosisPart): string {
    const time = seconds === undefined ? '' : ` in ${Math.round(seconds * 1000)} ms`
    const attention = verdict === 'problem' ? '! ' : ''
    return `${attention}${subject}: ${text}${time}`
  }

  /** Padded by hand: colours take no room. */
  #mark(verdict: DoctorVerdict): string {
    const { marks, markColumns } = this.#marker
    return markColumns === 1 ? marks[verdict] : marks[verdict].padEnd(markColumns)
  }

  #wrap(text: string): string[] {
    const lines: string[] = []
    let line = ''
    for (const word of text.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > this.#textColumns) {
        lines.push(line)
        line = word
      } else line = line === '' ? word : `${line} ${word}`
    }
    return [...lines, line]
  }
}

function labelOf(check: CheckName): string {
  return LABELS[check]
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
