import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Simulator, startSimulator } from '@apns-worker/simulator'
import { runModule } from './support/run-module.js'
import { tokensOf } from './support/sender.js'

const KEYS = [
  { keyId: 'ABCDE12345', teamId: 'TEAM123456' },
  { keyId: 'FGHIJ67890', teamId: 'TEAM654321' },
]
const TOKENS = tokensOf(3)

/** The pages whose programs are run, and how many notifications each of these sends. */
const PAGES: readonly [page: string, sent: readonly number[]][] = [
  ['migrating-from-node-apn', [3, 3]],
  ['migrating-from-apns2', [5]],
  ['many-apps', [9]],
]

function programsOf(page: string): string[] {
  const text = readFileSync(new URL(`../../../docs/${page}.md`, import.meta.url), 'utf8')
  return [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, program = '']) => program)
}

/** The program, with the simulator in Apple's place, keys where they are, and the tokens that it speaks of. */
function here(program: string, apns: Simulator, directory: string): string {
  const { host, port, ca } = apns.environment
  const address = JSON.stringify({ address: host, port, ca }).slice(1, -1)
  return (
    `const deviceTokens = ${JSON.stringify(TOKENS)}; const deviceToken = deviceTokens[0]\n` +
    program
      .replaceAll(/'(AuthKey_\w+\.p8)'/g, (_, name: string) => JSON.stringify(join(directory, name)))
      .replaceAll('production: true', () => address)
      .replaceAll("environment: 'production'", () => `environment: ${JSON.stringify(apns.environment)}`)
  )
}

describe('the programs of the guides for those who come from elsewhere', () => {
  for (const [page, sent] of PAGES) {
    const programs = programsOf(page)

    it(`${page} has as many as are known`, () => {
      assert.equal(programs.length, sent.length)
    })

    for (const [index, program] of programs.entries()) {
      it(`${page}, number ${index + 1}, sends what it says`, async () => {
        await using apns = await startSimulator()
        const directory = mkdtempSync(join(tmpdir(), 'guides-'))
        try {
          for (const each of KEYS) {
            const { key } = apns.addKey(each)
            writeFileSync(join(directory, `AuthKey_${each.keyId}.p8`), key)
          }
          const output = await runModule(here(program, apns, directory))
          const { accepted, refused } = apns.counts()
          assert.deepEqual([accepted, refused], [sent[index], 0], output)
        } finally {
          rmSync(directory, { recursive: true })
        }
      })
    }
  }
})
