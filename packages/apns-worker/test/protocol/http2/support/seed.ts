import { randomInt } from 'node:crypto'
import { after } from 'node:test'

/**
 * The seed of a file's property tests, printed at the end of it; `SEED=… node --test` runs them again in the same way.
 * Called once in a file, at its top.
 */
export function printedSeed(): number {
  const seed = Number(process.env['SEED'] ?? randomInt(0x7fff_ffff))
  after(() => console.log(`SEED=${seed}`))
  return seed
}
