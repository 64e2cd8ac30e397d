import { frame, settings } from '../protocol/http2/support/frame-builder.js'
import type { FuzzTarget } from './fuzz-target.js'
import { chop, mutateBytes, mutateScript } from './mutations.js'
import type { Random } from './random.js'
import { recordings } from './recordings.js'
import { Owner } from './session-oracle.js'
import { sessionScript } from './session-scripts.js'
import { type Step, step } from './step.js'

const MOST_MUTATIONS = 6
const CPU_SECONDS = 2

/** Acts out a script against a session. */
function runSession(steps: readonly Step[]): void {
  const owner = new Owner()
  for (const { verb, number, bytes } of steps) {
    if (verb === 'peer') owner.receive(bytes)
    else if (verb === 'request') owner.open(number)
    else if (verb === 'cancel') owner.cancel(number)
    else if (verb === 'take') owner.take()
    else if (verb === 'ping') owner.session.ping()
    else if (verb === 'goaway') owner.session.goAway()
    else if (verb === 'pass') owner.pass(number)
    else if (verb === 'reenter') owner.reenter(number)
    else if (verb === 'lost') owner.lose()
    else throw new Error(`no such step: ${verb}`)
    owner.check()
  }
  owner.finish()
}

/** Sessions that were recorded or made up, with frames changed, in another order, left out, put in. */
export const SESSION: FuzzTarget = {
  name: 'session',
  cpuSeconds: CPU_SECONDS,
  make(random) {
    let steps: Step[] = random.once(4) ? [...random.pick(recordings())] : sessionScript(random)
    // Some are left as they are: nothing may be wrong with those either.
    for (let count = random.below(MOST_MUTATIONS + 1); count > 0 && steps.length > 0; count--)
      steps = mutateScript(steps, random)
    return chop(steps, random)
  },
  run: runSession,
}

/** Bytes that are no session, or were one once. */
export const SESSION_BYTES: FuzzTarget = {
  name: 'session-bytes',
  cpuSeconds: CPU_SECONDS,
  make(random) {
    const requests = Array.from({ length: random.below(4) }, () => step('request', random.below(5000)))
    const greeting = random.once(4) ? [] : [step('peer', settings([3, 100]))]
    return chop([...greeting, ...requests, step('take'), step('peer', anyBytes(random))], random)
  },
  run: runSession,
}

function anyBytes(random: Random): Buffer {
  if (random.once(2)) {
    const frames = Array.from({ length: 1 + random.below(10) }, () =>
      frame(random.below(12), random.below(256), random.below(8), random.bytes(random.below(60))),
    )
    return mutateBytes(Buffer.concat(frames), random)
  }
  return random.bytes(random.below(400))
}
