import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
} from 'yaml'
import type { Problems } from './problems.js'
import type { Place, SourceMap, SourceNode } from './source-tree.js'

/** A configuration of 1000 apps with their keys in it is half of it. */
const MAX_FILE_CHARACTERS = 1_048_576
/** No setting is as deep; deeper nesting would only cost stack. */
const MAX_DEPTH = 16
const MAX_FAULTS = 10

/** Our own words for what the parser finds: its own may quote what is in the file. */
const FAULTS: Readonly<Record<string, string>> = {
  BAD_INDENT: 'this line is indented differently from those that it belongs to',
  BLOCK_AS_IMPLICIT_KEY: 'there is a second "key: value" in this line; quote the value, or indent it below',
  DUPLICATE_KEY: 'this key is here a second time; remove one',
  MISSING_CHAR: 'a quote, bracket or space is missing',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing, or the line is indented differently from those above',
  NON_STRING_KEY: 'keys have to be plain text',
  BAD_SCALAR_START: 'a value that begins with @ or ` has to be quoted',
  TAB_AS_INDENT: 'there is a tab; indent with spaces',
  TAG_RESOLVE_FAILED: 'tags (!…) mean nothing here; remove it',
  BAD_DQ_ESCAPE: 'no escape that is allowed between double quotes; use single quotes',
  MULTIPLE_DOCS: 'a second document begins; one file is one document',
  RESOURCE_EXHAUSTION: 'it is nested too deeply',
}

/**
 * Reads a YAML file.
 *
 * @param file its name, for messages
 * @returns undefined when it can not be read; the problems say why
 */
export function readYaml(text: string, file: string, problems: Problems): SourceMap | undefined {
  const start: Place = { file, line: 1, column: 1 }
  if (text.length > MAX_FILE_CHARACTERS) {
    problems.add([], `the file is longer than ${MAX_FILE_CHARACTERS} characters; is it the right one?`, start)
    return undefined
  }
  const lines = new LineCounter()
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const document = parsed(text, lines)
  if (document === undefined) {
    problems.add([], 'it is no YAML that can be read', start)
    return undefined
  }
  for (const { code, pos } of [...document.errors, ...document.warnings].slice(0, MAX_FAULTS))
    problems.add([], FAULTS[code] ?? 'this is not YAML', placeAt(pos[0]))
  if (document.errors.length > 0) return undefined
  if (document.contents === null) return { kind: 'map', entries: new Map(), place: start }
  const tree = nodeFrom(document.contents, 0, { placeAt, problems })
  if (tree === undefined || tree.kind === 'map') return tree
  problems.add([], 'it has to be keys with values, such as "listen: 127.0.0.1:8080"', start)
  return undefined
}

function parsed(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    // With `silent`, it would not mind a second document.
    return parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error', stringKeys: true })
  } catch {
    // The parser recurses; what is nested too deeply may be more than the stack holds.
    return undefined
  }
}

interface Context {
  readonly placeAt: (offset: number) => Place
  readonly problems: Problems
}

function nodeFrom(node: ParsedNode, depth: number, context: Context): SourceNode | undefined {
  const place = context.placeAt(node.range[0])
  if (depth > MAX_DEPTH) {
    context.problems.add([], 'it is nested too deeply', place)
    return undefined
  }
  if (isScalar(node)) {
    const { value } = node
    const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value)
    if (isPlain)
      return { kind: 'scalar', value: value as string | number | boolean | null, text: textOf(node), place }
  }
  if (isSeq(node)) {
    const items = node.items.map((item) => nodeFrom(item, depth + 1, context))
    return { kind: 'list', items: items.filter((item) => item !== undefined), place }
  }
  if (isMap(node)) {
    const map: SourceMap = { kind: 'map', entries: new Map(), place }
    for (const { key, value } of node.items) {
      const keyPlace = context.placeAt(key.range[0])
      const empty: SourceNode = { kind: 'scalar', value: null, text: '', place: keyPlace }
      const entry = value === null ? empty : nodeFrom(value, depth + 1, context)
      if (entry !== undefined && isScalar(key))
        map.entries.set(String(key.value), { place: keyPlace, node: entry })
    }
    return map
  }
  // An alias of an alias is how a small file becomes a large one.
  const what = isAlias(node) ? 'aliases (*…) are not read; write the value out' : 'this is not a value'
  context.problems.add([], what, place)
  return undefined
}

function textOf({ value, source }: { readonly value: unknown; readonly source?: string }): string {
  return typeof value === 'string' ? value : (source ?? String(value))
}
