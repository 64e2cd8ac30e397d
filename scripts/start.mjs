// `npm start`: the command line from this checkout; without arguments, its demonstration.
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prepare } from './prepare.mjs'
import { root } from './root.mjs'

await prepare()
const main = join(root, 'packages', 'cli', 'dist', 'main.js')
const args = process.argv.slice(2)
const demo = ['demo', '--tokens-file', relative(process.cwd(), join(root, 'examples', 'tokens.txt'))]
// In this process rather than a child: one start of Node less, and signals and the terminal are the program's own.
process.argv = [process.execPath, main, ...(args.length === 0 ? demo : args)]
await import(pathToFileURL(main).href)
