import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { METRICS, type MetricName } from '@apns-worker/server'
import { startSimulator } from '@apns-worker/simulator'
import { parse } from 'yaml'
import { withFolder } from '../outbox/support/embedded-place.js'
import { tokensOf } from '../outbox/support/tokens.js'
import { content } from '../worker/rig.js'
import { type Family, readExposition } from './support/exposition-text.js'
import { groupingsOf, metricsOf } from './support/query-metrics.js'
import { appOf, TelemetryRig } from './support/telemetry-rig.js'

const ROOT = new URL('../../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')
const PAGE = read('docs/monitoring.md')
const ALERTS = read('deploy/monitoring/prometheus-alerts.yaml')

interface Dashboard {
  readonly panels: readonly {
    readonly id: number
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number }
    readonly targets: readonly { readonly expr: string }[]
  }[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] }
}

interface AlertFile {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string; readonly annotations: object }[]
  }[]
}

const dashboard = JSON.parse(read('deploy/monitoring/grafana-dashboard.json')) as Dashboard
const { groups } = parse(ALERTS) as AlertFile
const rules = groups.flatMap((group) => group.rules)

let scraped: ReadonlyMap<string, Family>

before(() =>
  withFolder(async (path) => {
    await using simulator = await startSimulator()
    const { environment } = simulator
    const { cert, key } = simulator.clientCertificate({ topics: ['com.example.app'] })
    const old = { name: 'old', options: { cert, key, environment, topic: 'com.example.app' } }
    await using rig = await TelemetryRig.start({ path, simulator, apps: [appOf(simulator), old] })
    const { outbox, apps } = rig
    rig.telemetry.observe({ outbox, apps, webhookLag: () => 0 })
    simulator.reply({ token: tokensOf(1)[0] ?? '', unregistered: true })
    const { messageId } = await rig.outbox.append({ app: 'news', content }, tokensOf(2))
    await rig.finished(messageId)
    // A second one at once has everything, too.
    await rig.scrape()
    scraped = readExposition(await rig.scrape())
  }),
)

function checkQuery(query: string): void {
  const found = metricsOf(query)
  assert.ok(found.length > 0, query)
  for (const { name, labels } of found) {
    assert.ok(scraped.has(name), `${name} is in a scrape: ${query}`)
    const known = METRICS[name as MetricName].labels
    for (const label of labels)
      assert.ok(label === 'job' || known.includes(label), `${label} is a label of ${name}`)
  }
  const known = new Set([
    'le',
    'instance',
    'job',
    ...found.flatMap(({ name }) => METRICS[name as MetricName].labels),
  ])
  for (const label of groupingsOf(query)) assert.ok(known.has(label), `${label}: ${query}`)
}

test('a scrape has every metric of the catalogue', () => {
  const own = [...scraped.keys()].filter((name) => name !== 'target_info')
  assert.deepEqual(own, Object.keys(METRICS))
})

test('the page has every metric, with its type and labels', () => {
  const rows = [...PAGE.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \| ([^|]*)\|/gm)]
  const documented = rows.map(([, name = '', type = '', labels = '']) => [
    name,
    type,
    [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
  ])
  const definitions = Object.entries(METRICS).map(([name, { kind, labels }]) => [name, kind, [...labels]])
  const byName = (list: unknown[][]): unknown[][] => list.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
  assert.deepEqual(byName(documented), byName(definitions))
})

test('the page has every alert', () => {
  const section = PAGE.slice(PAGE.indexOf('\n## Alerts'), PAGE.indexOf('\n## The log'))
  const documented = [...section.matchAll(/`(ApnsWorker\w+)`/g)].map(([, name]) => name)
  assert.deepEqual(
    documented,
    rules.map(({ alert }) => alert),
  )
})

test('what the alerts ask for is in a scrape, and each says what it means', () => {
  for (const { alert, expr, annotations } of rules) {
    checkQuery(expr)
    assert.deepEqual(Object.keys(annotations), ['summary', 'description'], alert)
  }
})

test('what the dashboard asks for is in a scrape, and it shows every metric', () => {
  const shown = new Set<string>()
  for (const { targets } of dashboard.panels) {
    for (const { expr } of targets) {
      if (/\bup\{/.test(expr)) continue
      checkQuery(expr)
      for (const { name, labels } of metricsOf(expr)) {
        shown.add(name)
        assert.ok(labels.includes('job'), `${name} of other outboxes, or programs, is not shown: ${expr}`)
      }
    }
  }
  const hidden = Object.keys(METRICS).filter((name) => !shown.has(name))
  assert.deepEqual(hidden, [])
  const variables = dashboard.templating.list.filter(({ name }) => name !== 'datasource')
  for (const { name, query } of variables)
    assert.equal(query, `label_values(apns_worker_queue_tokens, ${name})`)
  const places = dashboard.panels.map(({ gridPos: { x, y } }) => `${x} ${y}`)
  assert.equal(new Set(places).size, places.length)
  assert.ok(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24))
})
