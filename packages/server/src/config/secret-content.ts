import { X509Certificate } from 'node:crypto'
import { errorCode, type ReadFile } from './environment-source.js'
import type { Problems } from './problems.js'
import { type SettingPath, twinOf } from './source-tree.js'

/** Keys, certificates and passphrases are a few kilobytes; anything above is some other file. */
const MAX_BYTES = 1_048_576
/** What is no path of a file, and is not shown in a message as one: PEM, base64 of PEM or DER, and a URL with a password. */
const IS_CONTENT = /-----BEGIN|[\p{Cc}]|(^|\/)(LS0tLS1CRUdJTi|MI[\w+/=-]{30,}$)|:\/.*@/u

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission is denied; let the user that runs the server read it',
  EPERM: 'permission is denied; let the user that runs the server read it',
  EISDIR: 'it is a folder; give the path of a file',
}

/** Reads contents that may be given themselves, or as the path of a file. */
export class ContentReader {
  readonly #readFile: ReadFile
  readonly #problems: Problems

  constructor(readFile: ReadFile, problems: Problems) {
    this.#readFile = readFile
    this.#problems = problems
  }

  /**
   * @param base where the two keys are
   * @param key of the content; that of the path ends in `Path`
   * @returns undefined when neither is given, or there is a problem
   */
  bytes(base: SettingPath, key: string, given: object): Buffer | undefined {
    const twin = twinOf(key)
    const content = valueIn(given, key)
    const path = valueIn(given, twin)
    if (content !== undefined && path !== undefined) {
      this.#problems.add(
        [...base, twin],
        `is given, and ${key} as well; give the path of a file, or its content`,
      )
      return undefined
    }
    if (content !== undefined) return Buffer.from(content)
    return path === undefined ? undefined : this.#read([...base, twin], key, path)
  }

  /** The same for PEM and other text. Literal `\n` in PEM are line breaks. */
  text(base: SettingPath, key: string, given: object): string | undefined {
    const text = this.bytes(base, key, given)?.toString('utf8')
    return text?.includes('-----BEGIN') === true ? text.replaceAll('\\n', '\n') : text
  }

  /** The same for certificates in PEM, which are looked at. */
  certificates(base: SettingPath, key: string, given: object): string | undefined {
    const pem = this.text(base, key, given)
    if (pem === undefined) return undefined
    try {
      void new X509Certificate(pem)
      return pem
    } catch {
      const where = [...base, valueIn(given, key) === undefined ? twinOf(key) : key]
      this.#problems.add(where, 'is no certificate in PEM')
      return undefined
    }
  }

  /** The same for what is one line. */
  line(base: SettingPath, key: string, given: object): string | undefined {
    return this.text(base, key, given)?.replace(/\r?\n$/, '')
  }

  #read(where: SettingPath, key: string, path: string): Buffer | undefined {
    if (IS_CONTENT.test(path)) {
      this.#problems.add(where, `holds a content, not the path of a file; give it as ${key}`)
      return undefined
    }
    try {
      const bytes = this.#readFile(path)
      if (bytes.length > 0 && bytes.length <= MAX_BYTES) return bytes
      this.#problems.add(
        where,
        `('${path}'): the file ${bytes.length === 0 ? 'is empty' : 'is too long to be what belongs here'}`,
      )
    } catch (cause) {
      const code = errorCode(cause)
      this.#problems.add(where, `('${path}'): ${FAULTS[code] ?? `the file cannot be read (${code})`}`)
    }
    return undefined
  }
}

function valueIn(object: object, key: string): string | undefined {
  const value: unknown = Object.entries(object).find(([name]) => name === key)?.[1]
  return typeof value === 'string' ? value : undefined
}
