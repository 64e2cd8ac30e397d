/** `npm run fuzz`: fuzzes for as long as it is told, and keeps what it finds. */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { CORPUS, formatCorpusFile } from './corpus.js'
import { TARGETS } from './targets.js'
import { watchedFuzz } from './watched-fuzz.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 0x7fff_ffff)) },
    target: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const seed = Number(values.seed)
const chosen = TARGETS.filter(([{ name }]) => values.target === undefined || values.target === name)
if (chosen.length === 0 || !(seconds > 0) || !Number.isInteger(seed)) {
  console.error(
    `usage: npm run fuzz -- [--seconds N] [--seed N] [--target ${TARGETS.map(([{ name }]) => name).join('|')}]`,
  )
  process.exit(2)
}

console.log(`fuzzing for ${seconds} s, seed ${seed}`)
const shares = chosen.reduce((sum, [, share]) => sum + share, 0)
let found = 0
for (const [{ name }, share] of chosen) {
  const report = await watchedFuzz(name, { seed, seconds: (seconds * share) / shares })
  const { executions, findings } = report
  console.log(
    `${name}: ${executions} executions, ${report.seconds.toFixed(1)} s, ${findings.length} findings`,
  )
  for (const finding of findings) {
    found += 1
    const file = new URL(`${name}-${seed}-${finding.execution}.txt`, CORPUS)
    writeFileSync(file, formatCorpusFile(finding))
    console.log(
      `\n${finding.problem}\n  kept as ${file.pathname}; until it is mended, the tests fail on it\n`,
    )
    for (const line of finding.steps) console.log(`  ${line}`)
  }
}
process.exitCode = found > 0 ? 1 : 0
