import { ApiProblem } from '../problem/api-problem.js'

/**
 * Which of the types that there are is preferred (RFC 9110, section 12.5.1); the first, where none is named.
 *
 * @throws {ApiProblem} `NOT_ACCEPTABLE`
 */
export function preferredType<const T extends string>(
  accept: string | undefined,
  types: readonly [T, ...T[]],
): T {
  if (accept === undefined || accept.trim() === '') return types[0]
  const ranges = accept.split(',').map(readRange)
  let best: { readonly type: T; readonly quality: number } | undefined
  for (const type of types) {
    const quality = qualityOf(type, ranges)
    if (quality > (best?.quality ?? 0)) best = { type, quality }
  }
  if (best !== undefined) return best.type
  throw new ApiProblem('NOT_ACCEPTABLE', `the answer comes as ${types.join(' or as ')}`)
}

interface Range {
  readonly name: string
  readonly quality: number
}

function readRange(text: string): Range {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  const quality = weight === undefined ? 1 : Number(weight.slice(2))
  return { name, quality: Number.isFinite(quality) ? quality : 0 }
}

/** Of the most specific range that has it. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const [family = ''] = type.split('/')
  for (const name of [type, `${family}/*`, '*/*']) {
    const range = ranges.find((candidate) => candidate.name === name)
    if (range !== undefined) return range.quality
  }
  return 0
}
