import { styleText } from 'node:util'
import type { AppReport, LineHealth, Readiness, WorkerReport } from './api-reports.js'
import { messageTable } from './message-text.js'
import { printable } from './printable.js'
import { formatCount } from './refusal-table.js'
import type { ServerSnapshot } from './server-snapshot.js'
import { textTable } from './text-table.js'

/** A server and the lines to Apple, the workers and the newest messages, for people. */
export function snapshotLines(snapshot: ServerSnapshot): string[] {
  const { workers, messages } = snapshot
  const apps = appRows(snapshot)
  return [
    serverLine(snapshot),
    ...(apps.length === 0 ? [] : ['', ...appTable(apps)]),
    ...(workers === undefined || workers.length === 0 ? [] : ['', ...workerTable(workers)]),
    ...(messages === undefined ? [] : ['', ...messageTable(messages)]),
  ]
}

/** Whether a server does what it is for, on one line. */
export function serverLine({ server, readiness }: ServerSnapshot): string {
  const { status, role, store, worker } = readiness
  const paint = status === 'ready' ? 'green' : status === 'degraded' ? 'yellow' : 'red'
  const parts = [
    `role ${role}`,
    `store ${store.state}${store.code === undefined ? '' : ` (${store.code})`}`,
    ...(worker === 'none' ? [] : [`worker ${worker}`]),
  ]
  return `${server} is ${styleText(paint, printable(status))}: ${printable(parts.join(', '))}`
}

/** An app, or a line of it to another environment. */
export interface AppRow {
  readonly name: string
  readonly state: string
  readonly connections: string
  readonly waiting: string
  /** What is wrong, and what to do about it; empty where nothing is. */
  readonly note: string
}

/** The apps that a server tells of, with the state of their lines to Apple where it has them. */
export function appRows({ readiness, apps = [] }: ServerSnapshot): AppRow[] {
  const reports = new Map(apps.map((app) => [app.name, app]))
  const names = new Set([...reports.keys(), ...lanesOf(readiness, reports)])
  return [...names].map((name) => appRow(name, readiness.apps[name], reports.get(name)))
}

/** Of a key that is not for all apps, readiness tells more than it may know; what it asked for is enough. */
function lanesOf({ apps }: Readiness, reports: ReadonlyMap<string, AppReport>): string[] {
  return Object.keys(apps).filter((lane) => reports.size === 0 || reports.has(lane.replace(/[@#].*$/, '')))
}

function appRow(name: string, line: LineHealth | undefined, report: AppReport | undefined): AppRow {
  const { paused } = report ?? {}
  const advice = [line?.reason, line?.action].filter((part) => part !== undefined).join(': ')
  const backOff =
    line?.backOffSeconds === undefined ? '' : `the next attempt is in ${Math.ceil(line.backOffSeconds)} s`
  return {
    name: printable(name),
    state: printable(paused === undefined ? (line?.state ?? 'elsewhere') : 'paused'),
    connections: line === undefined ? '' : formatCount(line.connections),
    waiting: report === undefined ? '' : formatCount(report.pending),
    note: printable(advice || paused?.detail || backOff),
  }
}

function appTable(rows: readonly AppRow[]): string[] {
  const columns = [
    { title: 'App' },
    { title: 'Line' },
    { title: 'Connections', isRight: true },
    { title: 'Waiting', isRight: true },
    { title: '' },
  ]
  return textTable(
    columns,
    rows.map(({ name, state, connections, waiting, note }) => [name, state, connections, waiting, note]),
  )
}

function workerTable(workers: readonly WorkerReport[]): string[] {
  return textTable(
    [{ title: 'Worker' }, { title: 'Role' }, { title: 'In hand', isRight: true }, { title: 'Lanes' }],
    workers.map(({ name, role, leader, window, lanes }) => [
      `${printable(name)}${leader ? ' (leader)' : ''}`,
      role,
      window === undefined ? '' : `${formatCount(window.inHand)} of ${formatCount(window.tokens)}`,
      printable(lanes.map(({ lane, state, connections }) => `${lane} ${state} ${connections}`).join(', ')),
    ]),
  )
}
