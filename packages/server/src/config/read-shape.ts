import { dirname, resolve } from 'node:path'
import { didYouMean } from './did-you-mean.js'
import type { Problems } from './problems.js'
import { parseQuantity } from './quantity.js'
import { helpOf, isScalarShape, listText, type Shape } from './shape.js'
import {
  isFromVariable,
  type SettingPath,
  type SourceList,
  type SourceMap,
  type SourceNode,
  type SourceScalar,
} from './source-tree.js'

/** Longer texts are not shown; nor what looks like a key. */
const MAX_SHOWN = 60
const LOOKS_SECRET = /-----|[\p{Cc}]|:\/\/[^/]*@|^[A-Za-z0-9+/=_-]{32,}$/u
const SHOWN_KEY = /^[\w.@-]{1,40}$/

/**
 * Reads what was written as what the schema has there; fills in defaults.
 *
 * @param node undefined for what was not written
 * @returns undefined where there is nothing, or something wrong, which the problems say then
 */
export function readShape(
  shape: Shape,
  node: SourceNode | undefined,
  path: SettingPath,
  problems: Problems,
): unknown {
  if (node === undefined) return absent(shape, path, problems)
  problems.locate(path, node.place)
  if (shape.anyOf !== undefined) return readShape(memberFor(shape, node), node, path, problems)
  if (shape.properties !== undefined) return readObject(shape, node, path, problems)
  if (shape.items !== undefined) return readList(shape, node, path, problems)
  if (node.kind !== 'scalar') return refuse(shape, node, path, problems)
  return readScalar(shape, node, path, problems)
}

function absent(shape: Shape, path: SettingPath, problems: Problems): unknown {
  if (shape.default !== undefined) return resolved(shape, shape.default, undefined)
  // An object that is not there is one with nothing but defaults.
  if (shape.properties !== undefined) {
    const values = Object.entries(shape.properties).map(([key, each]) => [
      key,
      shape.required?.includes(key) === true ? absent(each, [...path, key], problems) : undefined,
    ])
    return Object.fromEntries(values.filter(([, value]) => value !== undefined))
  }
  problems.add(path, `is missing; give ${helpOf(shape)}`)
  return undefined
}

/** Of several kinds, the one that this is meant to be. */
function memberFor({ anyOf = [], ...rest }: Shape, node: SourceNode): Shape {
  const isList = (each: Shape): boolean => each.items !== undefined
  const member = anyOf.find((each) => {
    if (node.kind === 'map') return each.properties !== undefined
    if (node.kind === 'list') return isList(each)
    return isScalarShape(each) && each.enum?.includes(node.text) !== false
  })
  const split = isFromVariable(node) ? anyOf.find(isList) : undefined
  const found = member ?? split ?? anyOf.find(isScalarShape) ?? {}
  return found.properties === undefined ? { ...found, give: helpOf({ anyOf, ...rest }) } : found
}

function readObject(shape: Shape, node: SourceNode, path: SettingPath, problems: Problems): unknown {
  const { properties = {}, required = [], short } = shape
  const map = node.kind === 'scalar' && short !== undefined ? opened(node, short) : node
  if (map.kind !== 'map' || (node.kind === 'scalar' && node.value === null))
    return refuse(shape, node, path, problems)
  for (const [key, { place }] of map.entries) {
    if (Object.hasOwn(properties, key)) continue
    problems.add([...path, SHOWN_KEY.test(key) ? key : '…'], unknownKey(key, Object.keys(properties)), place)
  }
  const values: [string, unknown][] = []
  for (const [key, each] of Object.entries(properties)) {
    const entry = map.entries.get(key)
    if (entry === undefined && !required.includes(key)) continue
    values.push([key, readShape(each, entry?.node, [...path, key], problems)])
  }
  return Object.fromEntries(values.filter(([, value]) => value !== undefined))
}

/** `store: file.db` for `store: { path: file.db }`. */
export function opened(node: SourceScalar, key: string): SourceMap {
  return { kind: 'map', place: node.place, entries: new Map([[key, { place: node.place, node }]]) }
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = didYouMean(key, known)
  if (meant !== undefined) return `is no setting; did you mean ${meant}?`
  return `is no setting; there ${known.length === 1 ? 'is' : 'are'} ${listText(known, 'and')}`
}

function readList(shape: Shape, node: SourceNode, path: SettingPath, problems: Problems): unknown {
  const { items = {}, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = shape
  const list = node.kind === 'scalar' && isFromVariable(node) && isScalarShape(items) ? split(node) : node
  if (list.kind !== 'list') return refuse(shape, node, path, problems)
  if (list.items.length < minItems) return refuse(shape, node, path, problems)
  if (list.items.length > maxItems) {
    problems.add(path, `has ${list.items.length} entries; give ${maxItems} at most`)
    return undefined
  }
  return list.items.map((item, index) => readShape(items, item, [...path, index], problems))
}

/** A variable has a list of words in one text, with commas. */
function split({ text, place }: SourceScalar): SourceList {
  const items = text.split(',').map((each) => {
    const word = each.trim()
    return { kind: 'scalar', value: word, text: word, place } as const
  })
  return { kind: 'list', items, place }
}

function readScalar(shape: Shape, node: SourceScalar, path: SettingPath, problems: Problems): unknown {
  const value = node.value === null ? undefined : scalarValue(shape, node)
  return value === undefined ? refuse(shape, node, path, problems) : resolved(shape, value, node)
}

/** Undefined for what is not of the kind, or out of its range. */
function scalarValue(shape: Shape, node: SourceScalar): unknown {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = shape
  switch (shape.type) {
    case 'number':
    case 'integer': {
      const number = numberFrom(shape, node)
      const isOne = number !== undefined && Number.isFinite(number) && number >= minimum && number <= maximum
      return isOne && (shape.type === 'number' || Number.isSafeInteger(number)) ? number : undefined
    }
    case 'boolean':
      if (typeof node.value === 'boolean') return node.value
      return isFromVariable(node) ? { true: true, false: false }[node.text] : undefined
    default:
      return isText(shape, node.text) ? node.text : undefined
  }
}

function numberFrom({ unit }: Shape, node: SourceScalar): number | undefined {
  if (typeof node.value === 'number') return node.value
  if (typeof node.value !== 'string') return undefined
  if (isFromVariable(node) && /^-?\d+(\.\d+)?$/.test(node.text)) return Number(node.text)
  return unit === undefined ? undefined : parseQuantity(node.text, unit)
}

function isText(
  { enum: values, minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern }: Shape,
  text: string,
): boolean {
  if (values !== undefined) return values.includes(text)
  if (text.length < minLength || text.length > maxLength) return false
  return pattern === undefined || new RegExp(pattern).test(text)
}

/** Paths start where the file is that names them; those of variables, and defaults, where the process is. */
function resolved({ path }: Shape, value: unknown, node: SourceScalar | undefined): unknown {
  if (path !== true || typeof value !== 'string') return value
  return node !== undefined && 'file' in node.place
    ? resolve(dirname(node.place.file), value)
    : resolve(value)
}

function refuse(shape: Shape, node: SourceNode, path: SettingPath, problems: Problems): undefined {
  problems.add(path, `is ${found(shape, node)}; give ${helpOf(shape)}`)
  return undefined
}

/** What was written, as far as it may be shown. */
function found({ secret }: Shape, node: SourceNode): string {
  if (node.kind === 'map') return node.entries.size === 0 ? 'an empty object' : 'an object'
  if (node.kind === 'list') return node.items.length === 0 ? 'an empty list' : 'a list'
  if (node.value === null || node.text === '') return 'empty'
  if (secret === true || node.text.length > MAX_SHOWN || LOOKS_SECRET.test(node.text))
    return `a text of ${node.text.length} characters`
  return typeof node.value === 'string' ? JSON.stringify(node.text) : node.text
}
