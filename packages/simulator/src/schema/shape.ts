/**
 * What options and scripts may look like: small readers, put together to larger ones. Each checks a value that may come
 * from a file, gives it back in the form that the simulator works with, and says of a wrong one where it stands
 * and what is allowed there.
 */

/** What a value is, as far as a choice between shapes goes. */
export type Kind =
  | 'nothing'
  | 'number'
  | 'text'
  | 'truth value'
  | 'list'
  | 'object'
  | 'function'
  | 'date'
  | 'expression'

/** One reader. */
export interface Shape<T> {
  readonly kinds: readonly Kind[]
  /** In words, after "allowed: ". */
  readonly allowed: string
  /** Throws an OptionError. `path` is where the value stands: `rules[2].goAway.code`. */
  read(value: unknown, path: string): T
}

/** A shape for every key of an interface, optional or not. */
export type Fields<T> = { readonly [Key in keyof T]-?: Shape<Exclude<T[Key], undefined>> }

/** A value in options, in a rule or in a script that makes no sense. */
export class OptionError extends TypeError {
  /** Where it stands: `rules[2].goAway.lastStreamId`; empty for the whole. */
  readonly path: string
  /** What is wrong with it, and what is allowed. */
  readonly problem: string

  constructor(path: string, problem: string, file?: string) {
    super([file, path, problem].filter((part) => part !== undefined && part !== '').join(': '))
    this.name = 'OptionError'
    this.path = path
    this.problem = problem
  }
}

const LONGEST_SHOWN = 60

/** An object with these keys and no others, each of which may be left out. `check` looks at the whole, and throws. */
export function object<T extends object>(
  fields: Fields<T>,
  check: (value: T, path: string) => void = () => {},
): Shape<T> {
  const shapes = new Map(Object.entries<Shape<unknown>>(fields))
  const keys = [...shapes.keys()].join(', ')
  return {
    kinds: ['object'],
    allowed: `an object with some of ${keys}`,
    read(value, path) {
      if (kindOf(value) !== 'object') throw refusal(value, path, this.allowed)
      const read: Record<string, unknown> = {}
      // The keys are as yet unknown, so is their type.
      for (const [key, field] of Object.entries(value as Record<string, unknown>)) {
        if (field === undefined) continue
        const place = path === '' ? key : `${path}.${key}`
        const shape = shapes.get(key)
        if (shape === undefined) throw new OptionError(place, `there is no "${key}" here; allowed: ${keys}`)
        read[key] = shape.read(field, place)
      }
      const result = read as T // Each key was read by its own shape.
      check(result, path)
      return result
    },
  }
}

export function list<T>(element: Shape<T>): Shape<readonly T[]> {
  return {
    kinds: ['list'],
    allowed: `a list, each of ${element.allowed}`,
    read(value, path) {
      if (!Array.isArray(value)) throw refusal(value, path, this.allowed)
      return value.map((one: unknown, index) => element.read(one, `${path}[${index}]`))
    },
  }
}

/** One of several shapes: the first of the value's kind that takes it. */
export function either<First, Second, Third = never, Fourth = never>(
  ...shapes: readonly [Shape<First>, Shape<Second>, Shape<Third>?, Shape<Fourth>?]
): Shape<First | Second | Third | Fourth> {
  type Any = Shape<First | Second | Third | Fourth>
  const given = shapes.filter((shape): shape is Any & (typeof shapes)[0] => shape !== undefined)
  return {
    kinds: given.flatMap(({ kinds }) => kinds),
    allowed: given.map(({ allowed }) => allowed).join('; or '),
    read(value, path) {
      const candidates: readonly Any[] = given.filter(({ kinds }) => kinds.includes(kindOf(value)))
      // The only one of its kind knows best what is wrong, the place within an object for instance.
      if (candidates.length === 1 && candidates[0] !== undefined && kindOf(value) !== 'text')
        return candidates[0].read(value, path)
      for (const candidate of candidates) {
        try {
          return candidate.read(value, path)
        } catch (error) {
          if (!(error instanceof OptionError)) throw error
        }
      }
      throw refusal(value, path, this.allowed)
    },
  }
}

/** A number within bounds, both included. */
export function number(least: number, most: number, what = 'a number'): Shape<number> {
  const allowed = Number.isFinite(most) ? `${what} from ${least} to ${most}` : `${what} from ${least} up`
  return single('number', allowed, (value) => {
    if (typeof value === 'number' && value >= least && value <= most) return value
    return undefined
  })
}

/** A whole number within bounds, both included. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  const bounds = most === Number.MAX_SAFE_INTEGER ? `${least} up` : `${least} to ${most}`
  return single('number', `a whole number from ${bounds}`, (value) => {
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value)
    return undefined
  })
}

export function text(what = 'text'): Shape<string> {
  return single('text', what, (value) => (typeof value === 'string' ? value : undefined))
}

/** One of these words. */
export function word<const Word extends string>(...words: readonly Word[]): Shape<Word> {
  return single('text', words.join(', '), (value) => words.find((known) => known === value))
}

/** `true` and nothing else: for what can only be asked for. */
export function yes(): Shape<true> {
  return single('truth value', 'true', (value) => (value === true ? true : undefined))
}

export function truth(): Shape<boolean> {
  return single('truth value', 'true or false', (value) => (typeof value === 'boolean' ? value : undefined))
}

/** For options that only code can give. */
export function callback<Callback>(): Shape<Callback> {
  return single('function', 'a function, in code only', (value) =>
    // What it takes and gives can not be seen from here.
    typeof value === 'function' ? (value as Callback) : undefined,
  )
}

/** A shape for values of one kind; `take` gives undefined for those that it does not want. */
export function single<T>(kind: Kind, allowed: string, take: (value: unknown) => T | undefined): Shape<T> {
  return {
    kinds: [kind],
    allowed,
    read(value, path) {
      const taken = take(value)
      if (taken === undefined) throw refusal(value, path, allowed)
      return taken
    },
  }
}

/** The keys that hold something. */
export function keysOf(value: object): string[] {
  return Object.entries(value).flatMap(([key, field]) => (field === undefined ? [] : [key]))
}

function refusal(value: unknown, path: string, allowed: string): OptionError {
  return new OptionError(path, `${show(value)} is not allowed; allowed: ${allowed}`)
}

function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case 'number':
      return 'number'
    case 'string':
      return 'text'
    case 'boolean':
      return 'truth value'
    case 'function':
      return 'function'
    case 'object':
      return kindOfObject(value)
    default:
      return 'nothing'
  }
}

function kindOfObject(value: object | null): Kind {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Date) return 'date'
  return value instanceof RegExp ? 'expression' : 'object'
}

function show(value: unknown): string {
  const kind = kindOf(value)
  if (kind === 'list' || kind === 'object' || kind === 'function')
    return `a${kind === 'object' ? 'n' : ''} ${kind}`
  const shown = kind === 'text' ? JSON.stringify(value) : String(value)
  return shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}…` : shown
}
