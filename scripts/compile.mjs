import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { listFiles } from './list-files.mjs'
import { root } from './root.mjs'
import { runNode } from './run-command.mjs'

const stampPath = join(root, 'node_modules', '.cache', 'apns-worker-build')
/** What one source file becomes. */
const outputEnding = /(\.d\.ts|\.js)(\.map)?$/

/** @typedef {{ source: string, output: string, files: string[] }} Project one TypeScript project of the house */

/** @returns {Project[]} */
function readProjects() {
  return readJson(join(root, 'tsconfig.json')).references.map((/** @type {{ path: string }} */ { path }) => {
    const source = join(root, path)
    const { outDir } = readJson(join(source, 'tsconfig.json')).compilerOptions
    const files = listFiles(source).filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    return { source, output: join(source, outDir), files }
  })
}

/**
 * A hash over the name, size and time of everything that the compiler reads, and over the compiler's version.
 *
 * @param {Project[]} projects
 */
function fingerprint(projects) {
  const settings = ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json'].map((name) =>
    join(root, name),
  )
  for (const { source } of projects) {
    settings.push(join(source, 'tsconfig.json'), join(source, '..', 'package.json'))
  }
  const hash = createHash('sha256')
  for (const path of [
    ...settings,
    ...projects.flatMap(({ source, files }) => files.map((file) => join(source, file))),
  ]) {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${relative(root, path)}\n${size}\n${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

/** @param {Project} project */
const isComplete = ({ output, files }) =>
  files.every((file) => existsSync(join(output, `${withoutEnding(file)}.js`)))

/** Whether every source file is compiled as it stands. */
export function isCompiled() {
  const projects = readProjects()
  return readStamp() === fingerprint(projects) && projects.every(isComplete)
}

/**
 * Compiles what has changed, and removes the output of sources that are gone, so that nothing runs that nobody wrote.
 *
 * @param {(line: string) => void} say
 */
export async function compile(say) {
  say('Compiling …')
  const projects = readProjects()
  // Taken before the compiler reads: what changes meanwhile is compiled the next time.
  const stamp = fingerprint(projects)
  for (const project of projects) {
    removeOrphans(project)
    // The compiler trusts its own record and would not miss an output that somebody deleted.
    if (!isComplete(project)) rmSync(join(project.output, '.tsbuildinfo'), { force: true })
  }
  const code = await runNode([join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', root], {
    stdio: ['ignore', 2, 2],
  })
  if (code !== 0) throw new Error('The sources do not compile; see above.')
  mkdirSync(dirname(stampPath), { recursive: true })
  writeFileSync(stampPath, stamp)
}

/** @param {Project} project */
function removeOrphans({ output, files }) {
  const sources = new Set(files.map(withoutEnding))
  for (const file of listFiles(output)) {
    if (outputEnding.test(file) && !sources.has(file.replace(outputEnding, ''))) rmSync(join(output, file))
  }
}

/** @param {string} file */
const withoutEnding = (file) => file.replace(/\.ts$/, '')

function readStamp() {
  return existsSync(stampPath) ? readFileSync(stampPath, 'utf8') : undefined
}

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))
