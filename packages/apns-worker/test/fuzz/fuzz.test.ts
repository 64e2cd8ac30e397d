import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failOnLeaks } from '../support/leaks.js'
import { readCorpus } from './corpus.js'
import { problemOf } from './fuzzer.js'
import { TARGETS, targetNamed } from './targets.js'
import { watchedFuzz } from './watched-fuzz.js'

failOnLeaks()

/** The same each time, so that a failure here is due to a change; `npm run fuzz` looks further. */
const SEED = Number(process.env['SEED'] ?? 1)
const SECONDS = 8

describe('fuzzed for a while', () => {
  for (const [{ name }, share] of TARGETS) {
    it(name, async () => {
      const { executions, findings } = await watchedFuzz(name, { seed: SEED, seconds: SECONDS * share })
      console.log(`fuzz: ${name}, ${executions} executions, SEED=${SEED}`)
      assert.deepEqual(findings, [])
      assert.ok(executions > 0)
    })
  }
})

describe('inputs that once showed a defect', () => {
  for (const { name, target, steps } of readCorpus()) {
    it(name, () => {
      assert.equal(problemOf(targetNamed(target), steps), undefined)
    })
  }
})
