import type { Random } from './random.js'
import type { Step } from './step.js'

/** Something that is fuzzed. */
export interface FuzzTarget {
  readonly name: string
  /** An input: the same for the same chance. */
  make(random: Random): Step[]
  /** Runs an input; throws where it finds what must not be. Everything depends on the steps alone. */
  run(steps: readonly Step[]): void
  /** Seconds of CPU that one execution may take at most: a hundred times what it takes, and more. */
  readonly cpuSeconds: number
}

/** What must not be. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export function must(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Violation(message())
}
