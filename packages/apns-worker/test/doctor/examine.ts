import assert from 'node:assert/strict'
import type { Simulator } from '@apns-worker/simulator'
import {
  type CheckName,
  type Diagnosis,
  type DoctorOptions,
  type DoctorServer,
  diagnose,
} from 'apns-worker/doctor'
import { TOPIC } from '../support/sender.js'
import type { StoppedClock } from '../support/stopped-clock.js'
import { PROVIDER_KEY } from '../support/test-identity.js'
import { until, within } from '../support/within.js'

/** What an examination of one server found. */
export class Examined {
  readonly diagnoses: readonly Diagnosis[]

  constructor(diagnoses: readonly Diagnosis[]) {
    this.diagnoses = diagnoses
  }

  /** The checks that were made, each with what it came to; without those that others have made impossible. */
  get codes(): Partial<Record<CheckName, string>> {
    const made = this.diagnoses.filter(({ because }) => because === undefined)
    return Object.fromEntries(made.map(({ check, code }) => [check, code]))
  }

  of(check: CheckName): Diagnosis {
    const found = this.diagnoses.find((each) => each.check === check)
    assert.ok(found, `there was no check of ${check}`)
    return found
  }

  /** The check came to this, with these words; and to a problem, unless something else is said. */
  assertFound(
    check: CheckName,
    code: Diagnosis['code'],
    words: RegExp,
    verdict: Diagnosis['verdict'] = 'problem',
  ): void {
    const found = this.of(check)
    assert.deepEqual({ code: found.code, verdict: found.verdict }, { code, verdict }, found.text)
    assert.match([found.text, found.advice ?? ''].join(' ').trimEnd(), words)
  }
}

/** Examines, and checks what is true of every report. */
export async function examine(options: DoctorOptions): Promise<Examined> {
  const diagnoses: Diagnosis[] = []
  const all = async (): Promise<void> => {
    for await (const diagnosis of diagnose(options)) diagnoses.push(diagnosis)
  }
  await within(all(), () => JSON.stringify(diagnoses.at(-1)))
  for (const { verdict, code, text, advice, blocks, check, because } of diagnoses) {
    assert.notEqual(text, '')
    if (verdict === 'ok') assert.equal(code, 'OK')
    // What is wrong with a credential is said along with what to do.
    if (verdict === 'warning' || (verdict === 'problem' && check !== 'credential' && check !== 'environment'))
      assert.ok(advice !== undefined && advice !== '', text)
    if (verdict !== 'problem') assert.deepEqual(blocks, [])
    if (because !== undefined) assert.equal(code, 'NOT_CHECKED')
  }
  assertConsequences(diagnoses)
  return new Examined(diagnoses)
}

/** A failed check names what it makes impossible, and just that is not checked. */
function assertConsequences(diagnoses: readonly Diagnosis[]): void {
  for (const { check, server, blocks } of diagnoses) {
    const skipped = diagnoses.filter(
      (each) => each.because === check && (server === undefined || each.server === server),
    )
    const names = [...new Set(skipped.map((each) => each.check))]
    assert.ok(
      names.every((name) => blocks.includes(name)),
      `${check} blocks ${blocks.join()}, and was the reason to skip ${names.join()}`,
    )
  }
}

/** The options for a server that takes any credentials. */
export function at(environment: DoctorServer, options: Partial<DoctorOptions> = {}): DoctorOptions {
  return { ...PROVIDER_KEY, topic: TOPIC, servers: [environment], ...options }
}

/** The options for a simulator, with its own key. */
export function atSimulator(apns: Simulator, options: Partial<DoctorOptions> = {}): DoctorOptions {
  return { ...apns.credentials, topic: TOPIC, servers: [apns.environment], ...options }
}

/** Lets time pass, second by second, until an examination is over. */
export async function examineWithTime(
  clock: StoppedClock,
  examination: Promise<Examined>,
): Promise<Examined> {
  let isOver = false
  const over = examination.finally(() => {
    isOver = true
  })
  await until(() => {
    clock.advance(1000)
    return isOver
  })
  return over
}
