// `npm run chaos`: sends notifications through a simulator that misbehaves at random, for as long as it is told, and
// compares what the library says of each with the simulator's journal. Says the seed first; the same one does the same.
//
//   npm run chaos                                  a million in ten minutes, with a seed of its own
//   npm run chaos -- --seed 7 --seconds 60         a minute of it
//   npm run chaos -- --count 100000 --intensity 1  fewer, and as bad as it gets
import { prepare } from './prepare.mjs'
import { root } from './root.mjs'
import { runNode } from './run-command.mjs'

await prepare()
process.exitCode = await runNode(['packages/apns-worker/dist-test/chaos/main.js', ...process.argv.slice(2)], {
  cwd: root,
})
