/** A value that JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

/**
 * A type as JSON holds it: what JSON cannot hold, or would turn into something else, such as a Date, becomes `never`, so
 * that it does not compile.
 */
export type AsJson<T> = T extends JsonValue | undefined
  ? T
  : T extends Date | bigint | symbol | ((...args: never) => unknown)
    ? never
    : { readonly [K in keyof T]: AsJson<T[K]> }

/** A value that JSON cannot hold. */
export interface Unencodable {
  /** Where it is, as in `.aps.badge` or `.list[1]`. */
  readonly path: string
  readonly problem: string
}

/** Deeper than any payload of 5 kB of sense; a value that contains itself ends here too. */
const MAX_DEPTH = 200

/**
 * Looks for values that JSON cannot hold.
 *
 * @returns the first one; or `has its own JSON` if there is none, but something that JSON writes in its own way (`toJSON`),
 *   such as a Date; or undefined
 */
export function lookThrough(value: unknown, depth = 0): Unencodable | 'has its own JSON' | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : { path: '', problem: `${value} is not a JSON number` }
    case 'object':
      if (value === null) return undefined
      if (depth > MAX_DEPTH)
        return { path: '', problem: `is nested more than ${MAX_DEPTH} deep, or contains itself` }
      return lookThroughObject(value, depth)
    default:
      return { path: '', problem: `a ${typeof value} is not JSON` }
  }
}

function lookThroughObject(value: object, depth: number): ReturnType<typeof lookThrough> {
  if (hasToJson(value)) return lookThrough(value.toJSON(), depth + 1) ?? 'has its own JSON'
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) {
    return { path: '', problem: `a ${value.constructor.name} is not JSON` }
  }
  if (Array.isArray(value)) return lookThroughList(value, depth)
  let result: 'has its own JSON' | undefined
  // `for in` makes no list of the keys; what it finds beyond an object's own is not encoded, and not looked at.
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue
    const found = lookThrough(value[key as keyof typeof value], depth + 1)
    if (found === undefined) continue
    if (found !== 'has its own JSON') return { path: `.${key}${found.path}`, problem: found.problem }
    result = found
  }
  return result
}

/** Whether JSON holds something else in its place. */
export function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

function lookThroughList(list: readonly unknown[], depth: number): ReturnType<typeof lookThrough> {
  let result: 'has its own JSON' | undefined
  for (let index = 0; index < list.length; index++) {
    const element = list[index]
    // As an element, JSON would make it null.
    if (element === undefined) return { path: `[${index}]`, problem: 'undefined is not JSON' }
    const found = lookThrough(element, depth + 1)
    if (found === undefined) continue
    if (found !== 'has its own JSON') return { path: `[${index}]${found.path}`, problem: found.problem }
    result = found
  }
  return result
}
