/**
 * Says in words what a CPU profile holds: the functions with the most time of their own.
 * `node bench/profile.mjs FILE.cpuprofile [rows]`
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatTable } from './table.mjs'

const [file, rowCount = '30'] = process.argv.slice(2)
if (file === undefined) throw new Error('node bench/profile.mjs FILE.cpuprofile [rows]')

/** @type {{ nodes: { id: number, callFrame: { functionName: string, url: string, lineNumber: number } }[], samples: number[], timeDeltas: number[] }} */
const profile = JSON.parse(readFileSync(file, 'utf8'))
const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
/** @type {Map<string, number>} */
const selfMicroseconds = new Map()
let total = 0
profile.samples.forEach((id, index) => {
  const frame = nodes.get(id)?.callFrame
  if (frame === undefined || frame.functionName === '(idle)') return
  const name = `${frame.functionName || '(anonymous)'} ${place(frame)}`.trim()
  selfMicroseconds.set(name, (selfMicroseconds.get(name) ?? 0) + profile.timeDeltas[index])
  total += profile.timeDeltas[index]
})

const rows = [...selfMicroseconds]
  .sort(([, a], [, b]) => b - a)
  .slice(0, Number(rowCount))
  .map(([name, micros]) => [name, (micros / 1000).toFixed(1), `${((micros / total) * 100).toFixed(1)} %`])
console.log(formatTable(['function', 'own ms', 'share'], rows))
console.log(`${(total / 1000).toFixed(0)} ms sampled, idle time left out, start and warm-up included`)

/** @param {{ url: string, lineNumber: number }} frame */
function place({ url, lineNumber }) {
  if (url === '') return ''
  const path = url.startsWith('file:') ? relative(process.cwd(), fileURLToPath(url)) : url
  return `(${path}:${lineNumber + 1})`
}
