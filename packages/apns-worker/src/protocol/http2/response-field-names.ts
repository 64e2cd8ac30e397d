import { STATIC_TABLE } from './hpack-static-table.js'

/**
 * What a response field's name means to us, as a number, so that names need not become strings: 0 and above is the
 * position in the list of wanted names, the rest are below.
 */
export const NameKind = {
  /** A valid name that nobody asked for. */
  OTHER: -1,
  /** `:status`, the only pseudo-field of a response (RFC 9113 section 8.3.2). */
  STATUS: -2,
  /** What makes a response malformed: another pseudo-field, a connection-specific field, a name that is no lower-case token. */
  FORBIDDEN: -3,
} as const

/** Fields that HTTP/2 replaced by its own mechanisms (RFC 9113 section 8.2.2). */
const CONNECTION_SPECIFIC = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']

const COLON = 0x3a

/** Which bytes may be in a name: the token characters of RFC 9110 section 5.6.2, without upper case. */
const TOKEN = new Uint8Array(256)
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
  TOKEN[character.charCodeAt(0)] = 1

interface KnownName {
  readonly bytes: Uint8Array
  readonly kind: number
}

/** Tells names apart without making strings of them. */
export class ResponseFieldNames {
  /** The names whose values are wanted; `kind` is the position. */
  readonly wanted: readonly string[]
  /** Kind of each entry of the static table, by index. */
  readonly staticKinds: Int8Array
  /** Known names by length, so that most are told apart by their length alone. */
  readonly #byLength: KnownName[][] = []

  constructor(wanted: readonly string[]) {
    if (wanted.length > 127)
      throw new RangeError(`at most 127 response fields can be asked for, not ${wanted.length}`)
    this.wanted = wanted
    this.#learn(':status', NameKind.STATUS)
    for (const name of CONNECTION_SPECIFIC) this.#learn(name, NameKind.FORBIDDEN)
    for (const [kind, name] of wanted.entries()) this.#learn(name, kind)
    this.staticKinds = Int8Array.from([['', ''], ...STATIC_TABLE], ([name]) => {
      const bytes = Buffer.from(name, 'latin1')
      return this.kindOf(bytes, 0, bytes.length)
    })
  }

  /** The kind of the name in `bytes[start, end)`. */
  kindOf(bytes: Uint8Array, start: number, end: number): number {
    for (const known of this.#byLength[end - start] ?? []) {
      if (equals(known.bytes, bytes, start)) return known.kind
    }
    if (start === end || bytes[start] === COLON) return NameKind.FORBIDDEN
    for (let i = start; i < end; i++) {
      if (TOKEN[bytes[i] as number] === 0) return NameKind.FORBIDDEN
    }
    return NameKind.OTHER
  }

  #learn(name: string, kind: number): void {
    const bytes = Buffer.from(name, 'latin1')
    let list = this.#byLength[bytes.length]
    if (list === undefined) {
      list = []
      this.#byLength[bytes.length] = list
    }
    list.push({ bytes, kind })
  }
}

function equals(name: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) {
    if (name[i] !== bytes[start + i]) return false
  }
  return true
}
