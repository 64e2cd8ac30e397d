/** A request as its raw header list has it. Nothing is checked yet. */
export interface NotificationRequest {
  readonly method: string
  readonly path: string
  /** `:authority`. */
  readonly authority: string | undefined
  /** Regular headers by name; of a repeated one the first. */
  readonly headers: ReadonlyMap<string, string>
  /** A header came more than once. */
  readonly hasDuplicates: boolean
}

/** Path of every notification, in front of the device token. */
export const DEVICE_PATH = '/3/device/'

/** Values that come again and again are kept once, so that records of requests do not each hold a copy. */
const SHARED_VALUES = 1_000
const sharedValues = new Map<string, string>()

/**
 * Reads name and value pairs as Node lists them. The list is used, not Node's header object, because the object
 * has repeated headers merged.
 */
export function readRequest(rawHeaders: readonly string[]): NotificationRequest {
  const headers = new Map<string, string>()
  let method = ''
  let path = ''
  let authority: string | undefined
  let hasDuplicates = false
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    if (name === ':method') method = value
    else if (name === ':path') path = value
    else if (name === ':authority') authority = shared(value)
    else if (name.startsWith(':')) continue
    else if (!headers.has(name)) headers.set(name, name === 'apns-id' ? value : shared(value))
    // RFC 9113 section 8.2.3 lets a client split `cookie` into several fields.
    else if (name !== 'cookie') hasDuplicates = true
  }
  return { method, path, authority, headers, hasDuplicates }
}

function shared(value: string): string {
  const known = sharedValues.get(value)
  if (known !== undefined) return known
  if (sharedValues.size >= SHARED_VALUES) sharedValues.clear()
  sharedValues.set(value, value)
  return value
}
