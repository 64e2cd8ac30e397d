/**
 * A program that sends and then has nothing more to do, for the tests of when it ends. Its only argument is a
 * {@link ChildPlan} in JSON. It writes what it has done to standard output, a word a line.
 */
import { ApnsManager, type ApnsManagerOptions } from 'apns-worker'
import { tokensOf } from './sender.js'

export interface ChildPlan {
  readonly options: ApnsManagerOptions
  readonly tokens: number
  /** What to do after sending, each awaited at the top level. */
  readonly steps: readonly ('done' | 'close' | 'close at once')[]
}

const plan = JSON.parse(process.argv[2] ?? '') as ChildPlan // the tests give it
const apns = new ApnsManager(plan.options)
const delivery = plan.tokens > 0 ? apns.sendAps(tokensOf(plan.tokens), { alert: 'hello' }) : undefined
for (const step of plan.steps) {
  if (step === 'done') await delivery?.done()
  else if (step === 'close') await apns.close()
  else await apns.close({ timeout: 0.05 })
  console.log(step)
}
