/** What a child process is to do; its only argument, in JSON. */
export interface CrashPlan {
  /** The store; or where its report goes, when the store is at an url. */
  readonly path: string
  readonly url?: string
  readonly owner: string
  readonly seed: number
  /** Tells its tokens from those of other children. */
  readonly round: number
  /** What its clock says at first. */
  readonly nowMs: number
  readonly leaseMs: number
  /** Whether it ends the leases of its former self, or waits until they are over. */
  readonly takesOver: boolean
  /** Whether it appends for as long as it lives; otherwise it ends when nothing is to be claimed. */
  readonly appends: boolean
}

/** What it says it did, a line each. What it says was done is true; what was done it may not have come to say. */
export type CrashReport =
  | { readonly did: 'append'; readonly id: string; readonly tokens: readonly string[] }
  | { readonly did: 'claim'; readonly batch: number; readonly fence: number }
  | { readonly did: 'send'; readonly sent: readonly (readonly [apnsId: string, token: string])[] }
  | { readonly did: 'record'; readonly accepted: readonly string[]; readonly refused: readonly string[] }

/** Where it says so: a file at the path, each child's own. */
export function reportPathOf({ path, owner, round }: CrashPlan): string {
  return `${path}-report-${owner}-${round}`
}

/** As many tokens are handed to it at once, and so many may be in flight when it is killed. */
export const CLAIMED_AT_ONCE = 60

/** A generator of numbers from 0 up to 1 (mulberry32): the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
