import { CREDENTIALS } from './credential-target.js'
import type { FuzzTarget } from './fuzz-target.js'
import { FEEDBACK, GATEWAY_ERRORS } from './gateway-targets.js'
import { HPACK } from './hpack-target.js'
import { SESSION, SESSION_BYTES } from './session-target.js'

/** All that is fuzzed, with the share of the time that each gets. */
export const TARGETS: readonly (readonly [target: FuzzTarget, share: number])[] = [
  [SESSION, 0.5],
  [SESSION_BYTES, 0.1],
  [HPACK, 0.2],
  [CREDENTIALS, 0.16],
  [GATEWAY_ERRORS, 0.02],
  [FEEDBACK, 0.02],
]

export function targetNamed(name: string): FuzzTarget {
  const found = TARGETS.find(([target]) => target.name === name)
  if (found === undefined)
    throw new Error(`there is no target ${name}; there are ${TARGETS.map(([{ name }]) => name).join(', ')}`)
  return found[0]
}
