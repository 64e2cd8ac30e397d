import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { ServerConfig } from '@apns-worker/server'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { appFor, configFor, TestServer } from '../server/test-server.js'
import { type Deployment, Manifests, type NetworkRule, selects } from './deployed-manifests.js'
import {
  AFTER_DRAIN_MS,
  assertPinned,
  CONFIG_PATH,
  DEPLOY,
  deployedConfig,
  deployFile,
  providerTokenKey,
} from './deployed-server.js'
import { Folder } from './folder.js'

const ROLES = ['api', 'worker'] as const
/** As long as Kubernetes makes it of the name of such a deployment. */
const POD = 'apns-worker-worker-7c9d5b6f4d-x2x7k'
const KEY = providerTokenKey()

const base = Manifests.ofFolder('base')
const overlay = Manifests.rendered('overlays/example')
const keda = Manifests.rendered('overlays/example-keda')
const needsKubectl = overlay === undefined && 'needs kubectl'

/** What the example of a secret says that there is to be, with something of its kind. */
function secrets(folder: string): Map<string, string> {
  const { stringData } = Manifests.read(`${folder}/secret.example.yaml`).named('Secret', 'apns-worker')
  return new Map(
    Object.entries(stringData).map(([key, value]) => {
      assert.match(value, /^<[\w :]+>$/, `${key} has no secret in it`)
      if (key.endsWith('.p8')) return [key, KEY]
      if (key.endsWith('-hash')) return [key, `sha256:${createHash('sha256').update(key).digest('hex')}`]
      return [key, key === 'database-url' ? 'postgres://apns:password@db.example:5432/apns' : 'x'.repeat(32)]
    }),
  )
}

function podConfig({ spec }: Deployment, config: string, secret: ReadonlyMap<string, string>): ServerConfig {
  const { containers, volumes } = spec.template.spec
  const [container] = containers
  const files = new Map<string, string>()
  for (const { name, mountPath, readOnly } of container.volumeMounts) {
    assert.equal(readOnly, true, mountPath)
    const volume = volumes.find((each) => each.name === name) ?? assert.fail(name)
    if (volume.configMap !== undefined) files.set(`${mountPath}/apns-worker.yaml`, config)
    if (volume.secret !== undefined) {
      assert.equal(volume.secret.defaultMode, 0o440)
      for (const [key, content] of secret) files.set(`${mountPath}/${key}`, content)
    }
  }
  assert.ok(files.has(CONFIG_PATH))
  const variables = container.env.map(({ name, value, valueFrom }) => {
    if (valueFrom !== undefined) assert.equal(valueFrom.fieldRef.fieldPath, 'metadata.name')
    return [name, value ?? POD]
  })
  return deployedConfig({ environment: Object.fromEntries(variables) as Record<string, string>, files })
}

function deployment(manifests: Manifests, role: string): Deployment {
  return manifests.named('Deployment', `apns-worker-${role}`)
}

function checkServers(manifests: Manifests, config: string, secret: ReadonlyMap<string, string>): void {
  for (const role of ROLES) {
    const server = deployment(manifests, role)
    const { securityContext, containers, ...pod } = server.spec.template.spec
    const [container] = containers
    const read = podConfig(server, config, secret)
    assert.equal(read.role, role)
    if (role === 'worker') assert.equal(read.worker.owner, POD)
    assert.deepEqual(read.listen, { host: '0.0.0.0', port: container.ports[0]?.containerPort })

    const preStopMs = (container.lifecycle?.preStop.sleep.seconds ?? 0) * 1000
    assert.ok(
      pod.terminationGracePeriodSeconds * 1000 >= preStopMs + read.drainTimeoutMs + AFTER_DRAIN_MS,
      `${role} has time to stop`,
    )
    // Of services there would be variables that look like settings, such as APNS_WORKER_API_SERVICE_HOST.
    assert.equal(pod.enableServiceLinks, false)

    assertPinned(container.image)
    assert.equal(pod.automountServiceAccountToken, false)
    const { runAsNonRoot, runAsUser, fsGroup, seccompProfile } = securityContext
    assert.deepEqual([runAsNonRoot, runAsUser, fsGroup], [true, 1000, 1000])
    assert.deepEqual(seccompProfile, { type: 'RuntimeDefault' })
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    assert.deepEqual(Object.keys(container.resources.requests).sort(), ['cpu', 'memory'])
    assert.ok(container.resources.limits['memory'])
  }
}

test('each role has the configuration that it starts with, time to stop, and no rights', () => {
  checkServers(base, deployFile('kubernetes/base/apns-worker.yaml'), secrets('base'))
  const [namespace] = base.of('Namespace')
  assert.equal(namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted')
})

test('so it is with what an overlay changes', { skip: needsKubectl }, () => {
  assert.ok(overlay !== undefined && keda !== undefined)
  for (const [manifests, folder] of [
    [overlay, 'overlays/example'],
    [keda, 'base'],
  ] as const) {
    const [config] = manifests.of('ConfigMap')
    checkServers(manifests, config?.data['apns-worker.yaml'] ?? '', secrets(folder))
    for (const role of ROLES) {
      const { spec } = deployment(manifests, role)
      assert.equal(spec.replicas, undefined, 'how many there are is for the autoscaler to say')
      const mounted = spec.template.spec.volumes.flatMap(({ configMap }) => configMap?.name ?? [])
      assert.deepEqual(mounted, [config?.metadata.name])
    }
    assert.deepEqual(manifests.of('Secret'), [])
  }
  for (const { spec } of overlay.of('Deployment'))
    assert.match(spec.template.spec.containers[0].image, /^registry\.example\//)
})

let simulator: Simulator
before(async () => {
  simulator = await startSimulator()
})
after(async () => {
  await simulator.close()
})

test('the probes ask for what there is, and give it time', async () => {
  await using folder = await Folder.make()
  await using server = await TestServer.start(configFor(folder, [appFor(simulator)]))
  for (const { spec } of base.of('Deployment')) {
    const { ports, startupProbe, livenessProbe, readinessProbe } = spec.template.spec.containers[0]
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) {
      assert.deepEqual(ports, [{ name: httpGet.port, containerPort: 8080 }])
      const answer = await server.get(httpGet.path)
      assert.equal(answer.status, 200, httpGet.path)
    }
    // A restart does not bring a database back, and takes a while.
    assert.deepEqual([startupProbe.httpGet.path, livenessProbe.httpGet.path], ['/healthz', '/healthz'])
    assert.equal(readinessProbe.httpGet.path, '/readyz')
    assert.ok(livenessProbe.periodSeconds * livenessProbe.failureThreshold >= 30)
    // A store that is silent is said to be after a second and a half.
    assert.ok((readinessProbe.timeoutSeconds ?? 1) > 2)
  }
})

test('what is meant for a server selects its pods', () => {
  const labels = new Map(
    ROLES.map((role) => [role, deployment(base, role).spec.template.metadata.labels] as const),
  )
  for (const [role, own] of labels) {
    const { selector, template } = deployment(base, role).spec
    assert.deepEqual(selector.matchLabels, own)
    const { topologySpreadConstraints: spread } = template.spec
    assert.equal(spread.length, 2)
    for (const { labelSelector } of spread) assert.deepEqual(labelSelector.matchLabels, own)
    const budget = base.named('PodDisruptionBudget', `apns-worker-${role}`)
    assert.deepEqual(budget.spec.selector.matchLabels, own)
  }
  const service = base.named('Service', 'apns-worker-api')
  assert.deepEqual(service.spec.selector, labels.get('api'))
  assert.deepEqual(
    service.spec.ports.map(({ targetPort }) => targetPort),
    ['http'],
  )
  const [monitor] = Manifests.ofFolder('components/monitoring').of('PodMonitor')
  assert.ok(monitor !== undefined)
  for (const own of labels.values()) assert.ok(selects(monitor.spec.selector, own))
  const [endpoint] = monitor.spec.podMetricsEndpoints
  assert.deepEqual([endpoint?.port, endpoint?.path], ['http', '/metrics'])
  const mounted = base
    .of('Deployment')
    .flatMap(({ spec }) => spec.template.spec.volumes.map(({ secret }) => secret?.secretName))
  assert.ok(!mounted.includes(endpoint?.authorization.credentials.name), 'servers have the hash only')
})

/** The ports of what a role may connect to, or is connected to at. */
function portsOf(role: (typeof ROLES)[number], direction: 'egress' | 'ingress'): string[] {
  const { labels } = deployment(base, role).spec.template.metadata
  const rules = base
    .of('NetworkPolicy')
    .filter(({ spec }) => selects(spec.podSelector, labels))
    .flatMap(({ spec }): readonly NetworkRule[] => spec[direction] ?? [])
  for (const { to, from } of rules)
    assert.ok((to ?? from ?? []).length > 0, 'nobody is let in from everywhere')
  return rules.flatMap(({ ports }) => ports.map(({ protocol, port }) => `${protocol} ${port}`)).sort()
}

test('a server reaches the database, names, and Apple, each role what it needs; and only the API is reached', () => {
  const always = ['TCP 53', 'TCP 5432', 'UDP 53']
  assert.deepEqual(portsOf('worker', 'egress'), [...always, 'TCP 443', 'TCP 2197'].sort())
  // Channels, in production and in the sandbox.
  assert.deepEqual(portsOf('api', 'egress'), [...always, 'TCP 2195', 'TCP 2196'].sort())
  assert.deepEqual(portsOf('worker', 'ingress'), [])
  assert.deepEqual(portsOf('api', 'ingress'), ['TCP http'])
  const policies = base.of('NetworkPolicy')
  const nothing = policies.find(({ metadata }) => metadata.name === 'apns-worker-nothing-else')
  assert.deepEqual(nothing?.spec, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
  const apple = policies.filter(({ metadata }) => metadata.name.startsWith('apns-worker-apple-'))
  const [devices, channels] = apple.map(({ spec }) => spec.egress?.map(({ to }) => to))
  assert.deepEqual(devices, channels)
  assert.ok(apple.length === 2 && JSON.stringify(devices).includes('17.0.0.0/8'))
})

test('no file has a secret in it', () => {
  const files = readdirSync(DEPLOY, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.parentPath.endsWith('/secrets'),
  )
  assert.ok(files.length > 20)
  for (const { parentPath, name } of files) {
    const text = readFileSync(`${parentPath}/${name}`, 'utf8')
    assert.doesNotMatch(text, /-----BEGIN|sha256:[0-9a-f]{8}|postgres:\/\/\w+:(?!password@|%s@)\w/, name)
    assert.doesNotMatch(text, /:latest\b/, name)
  }
})

test('the page makes the secrets that the manifests expect, of files that there are', () => {
  const page = deployFile('../docs/deploying.md')
  const commands = page.split(/create secret generic /).slice(1)
  const made = commands.map((command) => {
    const [name = ''] = command.split(' ')
    const keys = [...(command.split('```')[0] ?? '').matchAll(/--from-file="\$folder\/([\w.-]+)"/g)]
    return [name, keys.map(([, key]) => key)] as const
  })
  const expected = base
    .of('Deployment')
    .flatMap(({ spec }) => spec.template.spec.volumes.flatMap(({ secret }) => secret?.secretName ?? []))
  assert.deepEqual(
    made.map(([name]) => name),
    [...new Set(expected), 'apns-worker-metrics'],
  )
  assert.deepEqual(made[0]?.[1], [...secrets('base').keys()])
  for (const [path] of page.matchAll(/\bdeploy\/(?!secrets)[\w./-]*\w/g))
    assert.ok(existsSync(new URL(`../${path}`, DEPLOY)), path)
})
