// `npm start`: the command line from this checkout; without arguments, or with `--once` alone, the server's demonstration.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prepare } from './prepare.mjs'
import { root } from './root.mjs'

await prepare()
const main = join(root, 'packages', 'cli', 'dist', 'main.js')
const args = process.argv.slice(2)
const isDemonstration = args.every((arg) => arg === '--once')
// In this process rather than a child: one start of Node less, and signals and the terminal are the program's own.
process.argv = [process.execPath, main, ...(isDemonstration ? ['serve', '--demo', ...args] : args)]
await import(pathToFileURL(main).href)
