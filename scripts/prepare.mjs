import './node-version.mjs'
import { join } from 'node:path'
import { compile, isCompiled } from './compile.mjs'
import { install, isInstalled } from './install.mjs'
import { withLock } from './lock.mjs'
import { root } from './root.mjs'

/** To standard error: standard output belongs to the program that is being prepared. */
const say = (/** @type {string} */ line) => console.error(line)

/**
 * Brings a checkout to where its programs run: dependencies installed, sources compiled. Does nothing, fast, when both
 * are as they should be; processes that prepare at the same time take turns. Ends the process when it cannot be done.
 *
 * @param {readonly string[]} [directories] folders with a lock file of their own to install as well
 */
export async function prepare(directories = []) {
  const installations = [root, ...directories]
  const isReady = () => installations.every(isInstalled) && isCompiled()
  if (isReady()) return
  const work = async () => {
    for (const directory of installations) await install(directory, say)
    if (!isCompiled()) await compile(say)
  }
  const wait = () => say('Waiting for another process that installs or compiles …')
  try {
    await withLock(join(root, '.prepare.lock'), work, wait)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}
