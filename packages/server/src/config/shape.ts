import type { Unit } from './quantity.js'

/** What the reader looks at in a schema; TypeBox makes them, and they are JSON schema with a few keywords of ours. */
export interface Shape {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[] | undefined
  readonly items?: Shape
  readonly minItems?: number
  readonly maxItems?: number
  readonly anyOf?: readonly Shape[]
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly default?: unknown
  /** What it means, for the documentation. */
  readonly description?: string
  /** For messages: what to write, with its article. */
  readonly give?: string
  /** What a number counts. */
  readonly unit?: Unit
  /** It is never shown. */
  readonly secret?: boolean
  /** It is a path of a file: a relative one starts at the folder of the configuration file. */
  readonly path?: boolean
  /** The key of the object that a scalar in its place stands for. */
  readonly short?: string
}

export function isScalarShape({ type, enum: values }: Shape): boolean {
  return values !== undefined || (type !== undefined && type !== 'object' && type !== 'array')
}

/** For messages: what may be written for a setting. */
export function helpOf(shape: Shape): string {
  if (shape.give !== undefined) return shape.give
  if (shape.anyOf !== undefined) return shape.anyOf.map(helpOf).join(', or ')
  if (shape.enum !== undefined) return listText(shape.enum.map(String), 'or')
  switch (shape.type) {
    case 'object':
      return `an object with ${listText(Object.keys(shape.properties ?? {}), 'and')}`
    case 'array':
      return 'a list'
    case 'boolean':
      return 'true or false'
    default:
      return 'a text'
  }
}

/** `a, b or c`. */
export function listText(items: readonly string[], last: 'and' | 'or'): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}`
}
