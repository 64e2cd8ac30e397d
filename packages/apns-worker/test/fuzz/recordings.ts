import { readdirSync, readFileSync } from 'node:fs'
import { parseSteps, type Step } from './step.js'

/** Compiled tests sit in dist-test/fuzz; the files stay where they are. */
export const RECORDINGS: URL = new URL('../../test/fuzz/recordings/', import.meta.url)

let cached: readonly (readonly Step[])[] | undefined

/** What real servers said, and what was said to them; see `record.ts`. */
export function recordings(): readonly (readonly Step[])[] {
  cached ??= readdirSync(RECORDINGS)
    .sort()
    .map((name) => parseSteps(readFileSync(new URL(name, RECORDINGS), 'utf8')))
  return cached
}
