// `npm run fuzz`: feeds the protocols and the readers of credentials with what no honest peer sends, for as long as it
// is told, and keeps what it finds as a test.
//
//   npm run fuzz                                a minute, with a seed of its own
//   npm run fuzz -- --seconds 600 --seed 7      ten minutes, the same each time
//   npm run fuzz -- --target session            one target alone
import { prepare } from './prepare.mjs'
import { root } from './root.mjs'
import { runNode } from './run-command.mjs'

await prepare()
process.exitCode = await runNode(['packages/apns-worker/dist-test/fuzz/main.js', ...process.argv.slice(2)], {
  cwd: root,
})
