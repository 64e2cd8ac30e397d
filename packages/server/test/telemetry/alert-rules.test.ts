import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { Folder } from '../operations/folder.js'

const DEPLOY = new URL('../../../../deploy/', import.meta.url)
const ALERTS = fileURLToPath(new URL('monitoring/prometheus-alerts.yaml', DEPLOY))
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined
// In CI it is installed.
const skip = !hasPromtool && process.env['CI'] === undefined && 'needs promtool'

const LANE = 'app="news",environment="production",service="devices"'
const MINUTES = 120

interface Series {
  readonly series: string
  readonly values: string
}

/** A value for as long as the case takes; or, from some minute on, none, as of a process that is gone. */
function steady(series: string, value: number, until: number = MINUTES): Series {
  const gone = MINUTES - until
  return { series, values: `${value}x${until}${gone > 0 ? ` stale _x${gone}` : ''}` }
}

/** A counter: how much it rises each minute. */
function rising(series: string, step: number): Series {
  return { series, values: `0+${step}x${MINUTES}` }
}

interface ProcessOptions {
  readonly role?: string
  /** Of the oldest message, in seconds. */
  readonly age?: number
  readonly answers?: number
  readonly isPaused?: boolean
  readonly hasFailed?: boolean
  /** In minutes: then it answers no more. */
  readonly until?: number
  /** Whether it then is no target of Prometheus any more. */
  readonly isRemoved?: boolean
}

/** What is scraped of a process of a fleet. */
function scraped(instance: string, options: ProcessOptions = {}): Series[] {
  const { role = 'worker', age = 5, answers = 60, isPaused, hasFailed, until, isRemoved } = options
  const target = `job="apns",instance="${instance}"`
  const lane = `${target},${LANE}`
  const up = until === undefined || isRemoved ? steady(`up{${target}}`, 1, until) : undefined
  const sends = role !== 'api'
  return [
    up ?? { series: `up{${target}}`, values: `1x${until ?? 0} 0x${MINUTES}` },
    steady(`apns_worker_info{${target},role="${role}",worker="${sends ? instance : ''}"}`, 1, until),
    steady(`apns_worker_store_up{${target}}`, 1, until),
    steady(`process_start_time_seconds{${target}}`, 1_000_000, until),
    steady(`apns_worker_queue_tokens{${lane}}`, 1000, until),
    steady(`apns_worker_queue_oldest_age_seconds{${lane}}`, age, until),
    steady(`apns_worker_queue_paused{${lane}}`, isPaused ? 1 : 0, until),
    ...(sends ? [rising(`apns_worker_answer_duration_seconds_count{${lane}}`, answers)] : []),
    ...(hasFailed ? [steady(`apns_worker_paused{${lane},reason="InvalidProviderToken"}`, 1)] : []),
  ]
}

/** Which alerts fire after an hour and a half, and how many of each. */
async function assertFiring(
  series: readonly Series[],
  alerts: Readonly<Record<string, number>>,
): Promise<void> {
  await assertValues(
    series,
    'count by (alertname) (ALERTS{alertstate="firing"})',
    Object.entries(alerts).map(([name, value]) => ({ labels: `{alertname="${name}"}`, value })),
  )
}

async function assertValues(
  series: readonly Series[],
  expr: string,
  samples: readonly { readonly labels: string; readonly value: number }[],
): Promise<void> {
  await using folder = await Folder.make()
  const file = folder.file('case.yaml')
  const check = { expr, eval_time: '90m', exp_samples: samples }
  const tests = [{ interval: '1m', input_series: series, promql_expr_test: [check] }]
  await writeFile(file, stringify({ rule_files: [ALERTS], evaluation_interval: '1m', tests }))
  promtool('test', 'rules', file)
}

function promtool(...args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8' })
  assert.equal(status, 0, `${error?.message ?? ''}${stdout}${stderr}`)
}

test('Prometheus reads the alerts, and every query of the dashboard', { skip }, async () => {
  promtool('check', 'rules', ALERTS)
  const { panels } = JSON.parse(
    readFileSync(new URL('monitoring/grafana-dashboard.json', DEPLOY), 'utf8'),
  ) as { panels: { id: number; targets: { expr: string }[] }[] }
  const rules = panels.flatMap(({ id, targets }) =>
    targets.map(({ expr }, index) => ({
      record: `panel_${id}_${index}`,
      // Grafana puts a time in its place.
      expr: expr.replaceAll('$__rate_interval', '5m'),
    })),
  )
  await using folder = await Folder.make()
  const file = folder.file('queries.yaml')
  await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules }] }))
  promtool('check', 'rules', file)
})

test('a fleet that works raises nothing, nor does a worker that was taken away', { skip }, async () => {
  const fleet = [...scraped('a', { role: 'api' }), ...scraped('w1'), ...scraped('w2')]
  await assertFiring(fleet, {})
  await assertFiring([...fleet, ...scraped('w3', { until: 30, isRemoved: true })], {})
})

test('a worker that is gone is one thing, and no worker at all another', { skip }, async () => {
  const api = scraped('a', { role: 'api' })
  const gone = { until: 60 } as const
  await assertFiring([...api, ...scraped('w1'), ...scraped('w2', gone)], { ApnsWorkerGone: 1 })
  await assertFiring([...api, ...scraped('w1', { ...gone, isRemoved: true })], { ApnsWorkerNobodySends: 1 })
  await assertFiring([...api, ...scraped('w1', gone)], { ApnsWorkerGone: 1, ApnsWorkerNobodySends: 1 })
  // A server by itself, for longer than an hour.
  await assertFiring(scraped('s', { role: 'all', until: 10 }), { ApnsWorkerGone: 1 })
  // Another program's are nobody's here.
  await assertFiring([{ series: 'up{job="other",instance="o"}', values: `0x${MINUTES}` }], {})
})

test('what is so for the outbox is said once, whoever says it', { skip }, async () => {
  const old = { age: 4000 } as const
  const fleet = [...scraped('a', { role: 'api', ...old }), ...scraped('w1', old), ...scraped('w2', old)]
  await assertFiring(fleet, { ApnsWorkerQueueOld: 1 })
  const failed = { hasFailed: true } as const
  await assertFiring([...scraped('w1', failed), ...scraped('w2', failed)], { ApnsWorkerStopped: 1 })
  const paused = { ...old, isPaused: true, answers: 0 } as const
  await assertFiring([...scraped('w1', paused), ...scraped('w2', paused)], {})
})

test('nobody is answered when no worker is', { skip }, async () => {
  const silent = { answers: 0 } as const
  await assertFiring([...scraped('w1', silent), ...scraped('w2')], {})
  await assertFiring([...scraped('w1', silent), ...scraped('w2', silent)], { ApnsWorkerNoAnswers: 1 })
})

test('a process that is started again and again is told of; another program is not', { skip }, async () => {
  const restarting = (target: string): Series => rising(`process_start_time_seconds{${target}}`, 60)
  const all = scraped('w1').filter(({ series }) => !series.startsWith('process_start'))
  const other = restarting('job="other",instance="o"')
  await assertFiring([...all, restarting('job="apns",instance="w1"'), other], { ApnsWorkerRestarts: 1 })
})

test('workers are asked for by the age of what they could send', { skip }, async () => {
  const values = new URL('kubernetes/components/autoscale-workers/prometheus-adapter.values.yaml', DEPLOY)
  const adapter = parse(readFileSync(values, 'utf8')) as {
    rules: { external: [{ metricsQuery: string }] }
  }
  const [{ metricsQuery }] = adapter.rules.external
  const lane = (app: string, namespace: string = 'apns-worker'): string =>
    `namespace="${namespace}",pod="w1",app="${app}",environment="production",service="devices"`
  const all = (
    [
      ['sending', 300, 0, 60],
      ['later', 9999, 0, 0],
      ['paused', 5000, 1, 60],
    ] as const
  ).flatMap(([app, age, paused, rate]) => [
    steady(`apns_worker_queue_oldest_age_seconds{${lane(app)}}`, age),
    steady(`apns_worker_queue_oldest_age_seconds{${lane(app).replace('w1', 'w2')}}`, age),
    steady(`apns_worker_queue_paused{${lane(app)}}`, paused),
    rising(`apns_worker_notifications_total{${lane(app)},status="accepted"}`, rate),
  ])
  const other = steady(`apns_worker_queue_oldest_age_seconds{${lane('sending', 'other')}}`, 7777)
  await assertValues([...all, other], metricsQuery, [{ labels: '{}', value: 300 }])
  await assertValues([], metricsQuery, [{ labels: '{}', value: 0 }])
})
