// What the published packages bring with them: each dependency has a licence that its users can live with, a checksum in
// the lock file, and runs nothing when it is installed. Known weaknesses and signatures are asked for where the registry
// answers such questions; a mirror may not.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/root.mjs'

const LICENCES = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
])

/**
 * @typedef {object} Locked
 * @property {string} [version]
 * @property {string} [license]
 * @property {string} [integrity]
 * @property {boolean} [dev]
 * @property {boolean} [link]
 * @property {boolean} [hasInstallScript]
 */

/** @type {Record<string, Locked>} */
const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
const dependencies = Object.entries(locked).filter(
  ([path, { link, dev }]) => path.includes('node_modules/') && link !== true && dev !== true,
)

const problems = dependencies.flatMap(([path, { license = 'none', integrity, hasInstallScript }]) => [
  ...(LICENCES.has(license) ? [] : [`${path}: its licence is ${license}`]),
  ...(integrity === undefined ? [`${path}: the lock file has no checksum of it`] : []),
  ...(hasInstallScript === true ? [`${path}: it runs a script when it is installed`] : []),
])

/** @type {Map<string, string[]>} */
const byLicence = new Map()
for (const [path, { license = 'none', version }] of dependencies) {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
  byLicence.set(license, [...(byLicence.get(license) ?? []), `${name} ${version}`])
}
for (const [licence, names] of [...byLicence].sort(([one], [other]) => one.localeCompare(other))) {
  console.log(`${licence}: ${[...new Set(names)].sort().join(', ')}`)
}

for (const question of [
  ['audit', '--omit=dev'],
  ['audit', 'signatures'],
]) {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    [...question, '--fetch-retries=0', '--fetch-timeout=10000'],
    { cwd: root, encoding: 'utf8' },
  )
  if (status === 0) console.log(`npm ${question.join(' ')}: ${stdout.trim().split('\n').at(-1)}`)
  else if (/npm error (network|audit endpoint|code E)/.test(stderr))
    console.log(`npm ${question.join(' ')}: the registry does not answer it`)
  else problems.push(`npm ${question.join(' ')}:\n${stdout}`)
}

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
