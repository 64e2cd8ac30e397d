import assert from 'node:assert/strict'
import { test } from 'node:test'
import { METRICS, type MetricName } from '@apns-worker/server'
import { parse } from 'yaml'
import { groupingsOf, metricsOf } from '../telemetry/support/query-metrics.js'
import { Manifests } from './deployed-manifests.js'
import { deployFile } from './deployed-server.js'

/** PostgreSQL's own limit, less what it keeps for superusers. */
const DATABASE_CONNECTIONS = 97

interface AdapterValues {
  readonly rules: {
    readonly external: readonly [
      { readonly name: { readonly as: string }; readonly seriesQuery: string; readonly metricsQuery: string },
    ]
  }
}

const base = Manifests.ofFolder('base')
const [api] = Manifests.ofFolder('components/autoscale-api').of('HorizontalPodAutoscaler')
const [workers] = Manifests.ofFolder('components/autoscale-workers').of('HorizontalPodAutoscaler')
const [scaled] = Manifests.ofFolder('components/autoscale-workers-keda').of('ScaledObject')
const adapter = parse(
  deployFile('kubernetes/components/autoscale-workers/prometheus-adapter.values.yaml'),
) as AdapterValues
const [rule] = adapter.rules.external
assert.ok(api !== undefined && workers !== undefined && scaled !== undefined)

test('workers are counted by a metric that the server has, and by the same with KEDA', () => {
  const [external] = workers.spec.metrics.flatMap(({ external: each }) => each ?? [])
  assert.equal(external?.metric.name, rule.name.as)
  for (const query of [rule.seriesQuery, rule.metricsQuery]) {
    const found = metricsOf(query)
    assert.ok(found.length > 0)
    const labels = new Set(
      found.flatMap(({ name, labels: asked }) => {
        assert.ok(Object.hasOwn(METRICS, name), name)
        // The pod's, which Prometheus adds.
        assert.deepEqual(asked, ['namespace'], 'another installation is not looked at')
        return METRICS[name as MetricName].labels
      }),
    )
    for (const label of groupingsOf(query)) assert.ok(labels.has(label), label)
  }
  const [trigger] = scaled.spec.triggers
  assert.equal(trigger.metadata.query, rule.metricsQuery)
  assert.deepEqual(external?.target, { type: trigger.metricType, value: trigger.metadata.threshold })
  const { advanced, minReplicaCount, maxReplicaCount } = scaled.spec
  assert.deepEqual(advanced.horizontalPodAutoscalerConfig.behavior, workers.spec.behavior)
  assert.deepEqual([minReplicaCount, maxReplicaCount], [workers.spec.minReplicas, workers.spec.maxReplicas])
})

test('each autoscaler is for a deployment that there is, and which leaves its replicas to it', () => {
  for (const [folder, { spec, metadata }] of [
    ['autoscale-api', api],
    ['autoscale-workers', workers],
    ['autoscale-workers-keda', scaled],
  ] as const) {
    assert.equal(spec.scaleTargetRef.kind, 'Deployment')
    assert.ok(base.named('Deployment', spec.scaleTargetRef.name))
    assert.equal(metadata.name, spec.scaleTargetRef.name)
    const { patches } = parse(deployFile(`kubernetes/components/${folder}/kustomization.yaml`)) as {
      patches: { target: { name: string }; patch: string }[]
    }
    assert.deepEqual(
      patches.map(({ target, patch }) => [target.name, parse(patch) as unknown]),
      [[spec.scaleTargetRef.name, [{ op: 'remove', path: '/spec/replicas' }]]],
    )
  }
})

test('all of them at once do not use the connections of the database up', () => {
  for (const folder of ['base', 'overlays/example']) {
    const { outbox } = parse(deployFile(`kubernetes/${folder}/apns-worker.yaml`)) as {
      outbox: { maxConnections: number }
    }
    // And one more of each while they are replaced; each hears of the others' doings on a connection of its own.
    const pods = api.spec.maxReplicas + workers.spec.maxReplicas + 2
    assert.ok(pods * (outbox.maxConnections + 1) <= DATABASE_CONNECTIONS, `${pods} pods`)
  }
})
