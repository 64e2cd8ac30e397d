import type { PushTypeName } from '../push-types.js'
import { type Aps, apsOf, isObject } from './activity-faults.js'

const VISIBLE = ['alert', 'badge', 'sound'] as const

/**
 * In words, why nothing comes of a payload that does not go with its push type. Apple promises no more than "an error, a delay, or a
 * drop" for such a pair; APNs has been seen to accept it. The insides of a Live Activity are not looked at here.
 */
export function payloadFault(type: PushTypeName, payload: unknown): string | undefined {
  if (!isObject(payload)) return 'the payload is no JSON object'
  if (type === 'mdm') return typeof payload['mdm'] === 'string' ? undefined : '"mdm" is missing'
  if (type === 'fileprovider') {
    const missing = ['container-identifier', 'domain'].find((key) => typeof payload[key] !== 'string')
    return missing === undefined ? undefined : `"${missing}" is missing`
  }
  const aps = apsOf(payload)
  return aps === undefined ? '"aps" is missing' : apsFault(type, aps)
}

function apsFault(type: PushTypeName, aps: Aps): string | undefined {
  const visible = VISIBLE.find((key) => aps[key] !== undefined)
  switch (type) {
    case 'alert':
      return visible === undefined ? 'there is no alert, badge or sound in it' : undefined
    case 'background':
      if (aps['content-available'] !== 1) return '"content-available" is not 1'
      return visible === undefined ? undefined : `"${visible}" does not go with a background push`
    case 'controls':
    case 'widgets':
      return aps['content-changed'] === true ? undefined : '"content-changed" is not true'
    default:
      return undefined
  }
}
