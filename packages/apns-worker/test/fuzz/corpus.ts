import { readdirSync, readFileSync } from 'node:fs'
import type { Finding } from './fuzzer.js'
import { parseSteps, type Step } from './step.js'

/** Inputs that once showed a defect. Compiled tests sit in dist-test/fuzz; the files stay where they are. */
export const CORPUS: URL = new URL('../../test/fuzz/corpus/', import.meta.url)

export interface CorpusFile {
  readonly name: string
  readonly target: string
  readonly steps: readonly Step[]
}

/** Reads all of them. */
export function readCorpus(): CorpusFile[] {
  return readdirSync(CORPUS)
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, CORPUS), 'utf8')
      const target = /^# target: (.+)$/m.exec(text)?.[1]
      if (target === undefined) throw new Error(`${name} does not say which target it is for`)
      return { name, target, steps: parseSteps(text) }
    })
}

/** A file of the corpus: which target, what was wrong, the steps. */
export function formatCorpusFile({ target, seed, execution, problem, steps }: Finding): string {
  const [first = ''] = problem.split('\n')
  return [`# target: ${target}`, `# seed ${seed}, execution ${execution}: ${first}`, ...steps, ''].join('\n')
}
