// `npm run bench`: the benchmarks have dependencies of their own (the peers), installed when they are first run.
import { join } from 'node:path'
import { prepare } from './prepare.mjs'
import { root } from './root.mjs'
import { runNode } from './run-command.mjs'

const bench = join(root, 'bench')
await prepare([bench])
process.exitCode = await runNode([join(bench, 'run.mjs'), ...process.argv.slice(2)])
