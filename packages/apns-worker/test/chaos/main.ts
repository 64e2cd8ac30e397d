/** `npm run chaos`: the chaos test at length. */
import { parseArgs } from 'node:util'
import { chaosRun } from './chaos-run.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seconds: { type: 'string', default: '600' },
    count: { type: 'string', default: '1000000' },
    intensity: { type: 'string', default: '0.4' },
  },
})
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : number('seed', values.seed)
const count = number('count', values.count)
const seconds = number('seconds', values.seconds)
const intensity = number('intensity', values.intensity)
/** How much longer than the sending the whole may take. */
const FACTOR = 2
const GRACE_SECONDS = 120
const MEGABYTE = 2 ** 20
let lines = 0

console.log(`chaos: seed ${seed}, ${count} notifications in ${seconds} s, intensity ${intensity}`)
const { mischief, ...books } = await chaosRun({
  seed,
  count,
  seconds,
  intensity,
  timeout: seconds * FACTOR + GRACE_SECONDS,
  progress: (line) => {
    // One in ten seconds is enough to watch.
    if (lines++ % 10 === 0) console.log(`${line}, ${Math.round(process.memoryUsage().rss / MEGABYTE)} MB`)
  },
})
console.log('The books balance.')
console.log(JSON.stringify(books, undefined, 2))
console.log(JSON.stringify(mischief, undefined, 2))

function number(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0) return value
  throw new TypeError(`--${name} ${text}: give a number from 0 up`)
}
