import { MessageError } from '../message-error.js'

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

/**
 * A value in JSON; undefined where that has nothing for it.
 *
 * @throws {MessageError} `BAD_PAYLOAD` for a boxed bigint, however deep it lies
 */
export function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new MessageError('BAD_PAYLOAD', 'payload cannot be written as JSON', { cause })
  }
}

/** The path to the first value that JSON cannot hold, with what is wrong with it; undefined if all is well. */
export function findUnencodable(value: unknown, depth = 0): { path: string; problem: string } | undefined {
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
      return findUnencodableMember(value, depth)
    default:
      return { path: '', problem: `a ${typeof value} is not JSON` }
  }
}

/** Deeper than any payload of 5 kB of sense; a value that contains itself ends here too. */
const MAX_DEPTH = 200

function findUnencodableMember(value: object, depth: number): { path: string; problem: string } | undefined {
  if (hasToJson(value)) return findUnencodable(value.toJSON(), depth + 1)
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) {
    return { path: '', problem: `a ${value.constructor.name} is not JSON` }
  }
  if (Array.isArray(value)) return findUnencodableElement(value, depth)
  // `for in` makes no list of the keys; what it finds beyond an object's own is not encoded, and not looked at.
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue
    const found = findUnencodable(value[key as keyof typeof value], depth + 1)
    if (found !== undefined) return { path: `.${key}${found.path}`, problem: found.problem }
  }
  return undefined
}

/** Whether JSON holds something else in its place. */
export function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

function findUnencodableElement(
  list: readonly unknown[],
  depth: number,
): { path: string; problem: string } | undefined {
  for (let index = 0; index < list.length; index++) {
    const element = list[index]
    // As an element, JSON would make it null.
    if (element === undefined) return { path: `[${index}]`, problem: 'undefined is not JSON' }
    const found = findUnencodable(element, depth + 1)
    if (found !== undefined) return { path: `[${index}]${found.path}`, problem: found.problem }
  }
  return undefined
}
