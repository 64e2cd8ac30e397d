import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('.', import.meta.url)

/** The benchmark's own dependencies, at their exact versions. */
export const dependencies = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')).dependencies

/** Installs the benchmark's own dependencies from its lockfile, unless they are there. */
export function installDependencies() {
  const missing = Object.entries(dependencies).some(([name, version]) => installedVersion(name) !== version)
  if (!missing) return
  console.log('installing what the benchmark compares with (in bench/node_modules only) …')
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(folder),
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error('npm ci failed in bench/: see its message above')
}

/** @param {string} name */
function installedVersion(name) {
  const file = new URL(`node_modules/${name}/package.json`, folder)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined
}
