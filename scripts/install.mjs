import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { runCommand } from './run-command.mjs'

/**
 * Whether what npm says it installed is what the lock file asks for. npm keeps its own record beside the packages
 * and writes it last, so an interrupted installation counts as none.
 *
 * @param {string} directory
 */
export function isInstalled(directory) {
  const wanted = readPackages(join(directory, 'package-lock.json'))
  const present = readPackages(join(directory, 'node_modules', '.package-lock.json'))
  if (!wanted || !present) return false
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue
    const installed = present[path]
    // A package for another operating system or processor is in the lock file only.
    if (!installed && !entry.optional) return false
    if (installed && (installed.version !== entry.version || installed.integrity !== entry.integrity))
      return false
  }
  return true
}

/**
 * Installs exactly what the lock file says, when that is not already there.
 *
 * @param {string} directory with package.json and package-lock.json
 * @param {(line: string) => void} say
 */
export async function install(directory, say) {
  if (isInstalled(directory)) return
  say(`Installing dependencies in ${directory} …`)
  const [command, ...args] = npmCommand()
  const code = await runCommand(
    command,
    [...args, 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
    // npm's own chatter is not what a reader of standard output asked for.
    { cwd: directory, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' && args.length === 0 },
  )
  if (code !== 0) throw new Error(`npm ci failed with exit code ${code}`)
}

/**
 * The npm that started us, where one did.
 *
 * @returns {[string, ...string[]]}
 */
function npmCommand() {
  const path = process.env.npm_execpath
  return path && basename(path) === 'npm-cli.js' ? [process.execPath, path] : ['npm']
}

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }> | undefined}
 */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return undefined
  }
}
