// What would be published, looked at as a stranger gets it: packed, checked by publint and are-the-types-wrong,
// installed in an empty folder, compiled against and run.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepare } from '../scripts/prepare.mjs'
import { root } from '../scripts/root.mjs'

/** All that a package may hold. */
const expected =
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.+\.(js|d\.ts)(\.map)?|node-apn\/index\.(cjs|d\.cts)|examples\/.+\.yaml|src\/.+(?<!\.test)\.ts)$/
/** The compiler does not follow declarations of Node's own modules without these. */
const nodeTypes = ['@types/node', 'undici-types']

const checks = join(root, '.ci')
await prepare([checks])
const place = mkdtempSync(join(tmpdir(), 'apns-worker-packages-'))
try {
  const packages = readJson(join(root, 'package.json')).workspaces.filter(isPublished).map(pack)
  for (const each of packages) check(each)
  useAsStranger(packages)
} finally {
  rmSync(place, { recursive: true })
}

/** @param {string} workspace */
function isPublished(workspace) {
  return readJson(join(root, workspace, 'package.json')).private !== true
}

/**
 * @typedef {{ directory: string, manifest: { name: string, bin?: object, exports?: object }, tarball: string }} Packed
 * @param {string} workspace
 * @returns {Packed}
 */
function pack(workspace) {
  const directory = join(root, workspace)
  const [report] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', place], directory))
  const paths = report.files.map((/** @type {{ path: string }} */ { path }) => path)
  const surprising = paths.filter((/** @type {string} */ path) => !expected.test(path))
  if (surprising.length > 0) fail(`${report.name} would publish ${surprising.join(', ')}`)
  console.log(`${report.name}: ${paths.length} files, ${Math.ceil(report.size / 1024)} kB packed`)
  return {
    directory,
    manifest: readJson(join(directory, 'package.json')),
    tarball: join(place, report.filename),
  }
}

/** @param {Packed} packed */
function check({ directory, manifest, tarball }) {
  run(bin('publint'), ['run', directory, '--strict'], root)
  // A package that only brings a command has no types to be wrong.
  if (manifest.exports) run(bin('attw'), [tarball, '--profile', 'esm-only'], root)
}

/** @param {Packed[]} packages */
function useAsStranger(packages) {
  const home = join(place, 'stranger')
  mkdirSync(home)
  const write = (/** @type {string} */ name, /** @type {string} */ text) =>
    writeFileSync(join(home, name), text)
  write('package.json', JSON.stringify({ private: true, type: 'module' }))
  const tarballs = packages.map(({ tarball }) => tarball)
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs], home)
  for (const name of nodeTypes) {
    cpSync(join(root, 'node_modules', name), join(home, 'node_modules', name), { recursive: true })
  }
  const paths = packages.flatMap(importPaths)
  const names = paths.map((_, index) => `p${index}`).join(', ')
  const use = `console.log([${names}].map((each) => Object.keys(each).length))\n`
  write('use.ts', [...paths.map((path, index) => `import * as p${index} from '${path}'`), use].join('\n'))
  write('use.cts', [...paths.map((path, index) => `import p${index} = require('${path}')`), use].join('\n'))
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--types', 'node']
  const modern = ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,esnext.disposable']
  const tsc = [join(root, 'node_modules/typescript/bin/tsc'), ...strict, ...modern]
  run(process.execPath, [...tsc, 'use.ts', 'use.cts'], home)
  run(process.execPath, ['use.js'], home)
  run(process.execPath, ['use.cjs'], home)
  for (const { manifest } of packages) {
    for (const command of Object.keys(manifest.bin ?? {})) {
      run(join(home, 'node_modules', '.bin', command), ['--help'], home)
    }
  }
}

/**
 * What of a package can be imported.
 *
 * @param {Packed} packed
 */
function importPaths({ manifest: { name, exports = {} } }) {
  const subpaths = Object.keys(exports).filter((subpath) => subpath !== './package.json')
  return subpaths.map((subpath) => name + subpath.slice(1))
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 * @returns {string} what it printed
 */
function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error || status !== 0) {
    fail(`${command} ${args.join(' ')} failed (${error?.message ?? status})\n${stdout}${stderr}`)
  }
  return stdout
}

/** @param {string} name */
function bin(name) {
  return join(checks, 'node_modules', '.bin', name)
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** @param {string} message */
function fail(message) {
  console.error(message)
  rmSync(place, { recursive: true, force: true })
  process.exit(1)
}
