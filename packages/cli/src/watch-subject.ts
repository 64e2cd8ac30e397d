import { styleText } from 'node:util'
import type { ApiClient } from './api-client.js'
import type { MessageReport, WorkerReport } from './api-reports.js'
import { isOver, messageLine, messageLines, rateText, reasonLines } from './message-text.js'
import { printable } from './printable.js'
import { formatCount } from './refusal-table.js'
import { readMessage, readSnapshot, type ServerSnapshot } from './server-snapshot.js'
import { appRows, serverLine, snapshotLines } from './server-text.js'

/** Something that is told by itself when it changes. */
export interface WatchedFact {
  /** What it is about: the same for as long as it is there. */
  readonly subject: string
  /** Another one when it has changed; what moves all the time, such as a rate, is left out. */
  readonly mark: string
  readonly text: string
}

/** What is watched. */
export interface WatchSubject<State> {
  read(signal: AbortSignal): Promise<State>
  /** All of it, as it is drawn on a terminal of so many columns. */
  lines(state: State, columns: number | undefined): string[]
  facts(state: State): WatchedFact[]
  isOver(state: State): boolean
}

/** One message, until nothing more becomes of it. */
export function messageSubject(api: ApiClient, id: string): WatchSubject<MessageReport> {
  return {
    read: (signal) => readMessage(api, id, { signal }),
    lines: messageLines,
    facts: (report) => [messageFact(report)],
    isOver,
  }
}

/** A server with its newest messages, for as long as somebody looks. */
export function serverSubject(api: ApiClient, limit: number): WatchSubject<ServerSnapshot> {
  return {
    read: (signal) => readSnapshot(api, limit, { signal }),
    lines: (snapshot, columns) => [
      ...snapshotLines(snapshot),
      ...(snapshot.messages === undefined ? [] : ['', throughputLine(snapshot)]),
      ...reasonLines(snapshot.messages ?? [], columns),
    ],
    facts: serverFacts,
    isOver: () => false,
  }
}

function serverFacts(snapshot: ServerSnapshot): WatchedFact[] {
  const { workers = [], messages = [] } = snapshot
  const line = serverLine(snapshot)
  return [
    { subject: 'server', mark: line, text: line },
    ...appRows(snapshot).map(({ name, state, note }) => {
      const text = `app ${name} ${state}`
      return { subject: `app ${name}`, mark: text, text: note === '' ? text : `${text}: ${note}` }
    }),
    ...workers.map(workerFact),
    // The oldest first: so they stand in the order in which they came.
    ...messages.map(messageFact).toReversed(),
  ]
}

function workerFact({ name, role, leader, lanes }: WorkerReport): WatchedFact {
  const states = lanes.map(({ lane, state }) => `${lane} ${state}`).join(', ')
  const text = printable(`worker ${name} ${leader ? 'leads' : 'is there'}, role ${role}: ${states}`)
  return { subject: `worker ${name}`, mark: text, text }
}

function messageFact(report: MessageReport): WatchedFact {
  const { id, state, counts } = report
  return {
    subject: `message ${id}`,
    mark: JSON.stringify([id, state, counts]),
    text: `message ${messageLine(report)}`,
  }
}

/** Of the messages that are shown, and of all that waits. */
function throughputLine({ apps = [], messages = [] }: ServerSnapshot): string {
  const sending = messages.filter(({ state }) => state === 'sending')
  const rate = sending.reduce((sum, message) => sum + (message.rate ?? 0), 0)
  const waiting = apps.reduce((sum, { pending }) => sum + pending, 0)
  return `${styleText('bold', rateText(rate))}, ${formatCount(waiting)} waiting`
}
