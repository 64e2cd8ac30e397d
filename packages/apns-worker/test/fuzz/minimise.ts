import type { Step } from './step.js'

/** How many times an input is tried at most, while it is made smaller. */
const MAX_TRIES = 4000

/** A smaller input for which `fails` is still true: fewer steps, then fewer bytes in each, then more zeros. */
export function minimise(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => boolean,
): readonly Step[] {
  let best = steps
  let tries = 0
  const attempt = (candidate: readonly Step[]): boolean => {
    if (tries++ >= MAX_TRIES || !fails(candidate)) return false
    best = candidate
    return true
  }
  for (let size = steps.length >> 1; size >= 1; size >>= 1) {
    for (let at = best.length - size; at >= 0; at -= size) attempt(best.toSpliced(at, size))
  }
  for (let index = 0; index < best.length; index++) {
    for (let size = (best[index] as Step).bytes.length >> 1; size >= 1; size >>= 1) {
      for (let at = (best[index] as Step).bytes.length - size; at >= 0; at -= size) {
        attempt(withBytes(best, index, (bytes) => cut(bytes, at, size)))
      }
    }
    for (let at = 0; at < (best[index] as Step).bytes.length; at++) {
      if ((best[index] as Step).bytes[at] !== 0) attempt(withBytes(best, index, (bytes) => zero(bytes, at)))
    }
  }
  return best
}

function withBytes(
  steps: readonly Step[],
  index: number,
  change: (bytes: Buffer) => Buffer,
): readonly Step[] {
  const changed = steps[index] as Step
  return steps.with(index, { ...changed, bytes: change(changed.bytes) })
}

function cut(bytes: Buffer, at: number, size: number): Buffer {
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)])
}

function zero(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = 0
  return changed
}
