/** One step of an input: what is done, with a number or bytes where it needs them. */
export interface Step {
  readonly verb: string
  readonly number: number
  readonly bytes: Buffer
}

const NOTHING = Buffer.alloc(0)

export function step(verb: string, value: number | Buffer = 0): Step {
  return typeof value === 'number'
    ? { verb, number: value, bytes: NOTHING }
    : { verb, number: 0, bytes: value }
}

/** A line such as `request 100 ` or `peer 0 000000040000000000`. */
export function formatStep({ verb, number, bytes }: Step): string {
  return `${verb} ${number} ${bytes.toString('hex')}`.trimEnd()
}

export function parseStep(line: string): Step {
  const [verb = '', number = '0', hex = ''] = line.split(' ')
  return { verb, number: Number(number), bytes: Buffer.from(hex, 'hex') }
}

/** The steps of a file: a line each, comments begin with `#`. */
export function parseSteps(text: string): Step[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(parseStep)
}
