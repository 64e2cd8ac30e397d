import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { ApiError, notOurs } from './api-error.js'
import { type Exchange, exchange } from './http-exchange.js'
import { parseServerAddress, type ServerAddress } from './server-address.js'

/** An answer of the API: an object, always. */
export type Answer = Readonly<Record<string, unknown>>

export interface AskOptions {
  /** Ends the question. */
  readonly signal?: AbortSignal
  /** How long the server may be silent. Default: {@link SILENCE_MS}. */
  readonly silenceMs?: number
  /** An answer of this status is one like any other: `/readyz` has it. */
  readonly alsoStatus?: number
}

/** A busy server takes seconds for an answer; one that takes longer is of no use to whoever waits. */
const SILENCE_MS = 30_000
const NO_CONTENT = 204
const UNAUTHORIZED = 401
const FORBIDDEN = 403

/** Asks a server's API over HTTP, or HTTPS, or a socket of the file system. */
export class ApiClient {
  readonly #address: ServerAddress
  readonly #key: string | undefined
  readonly #ca: string | undefined

  /**
   * @param address as the server says where it listens
   * @param key an API key; undefined for a server that has none
   * @param ca certificate authority of the server, in PEM; undefined for those that Node knows
   */
  constructor(address: ServerAddress | string, key?: string, ca?: string) {
    this.#address = typeof address === 'string' ? parseServerAddress(address, 'the address') : address
    this.#key = key
    this.#ca = ca
  }

  /** The server's address, for people. */
  get server(): string {
    return this.#address.name
  }

  /** @throws {ApiError} */
  get(path: string, options: AskOptions = {}): Promise<Answer> {
    return this.#ask('GET', path, undefined, options)
  }

  /** @throws {ApiError} */
  post(path: string, body: unknown, options: AskOptions = {}): Promise<Answer> {
    return this.#ask('POST', path, JSON.stringify(body), options)
  }

  /** @throws {ApiError} */
  async delete(path: string, options: AskOptions = {}): Promise<void> {
    await this.#ask('DELETE', path, undefined, options)
  }

  async #ask(method: string, path: string, body: string | undefined, options: AskOptions): Promise<Answer> {
    const { signal, silenceMs = SILENCE_MS, alsoStatus } = options
    const { isSecure, target, prefix } = this.#address
    const answer = await exchange({
      request: isSecure ? requestSecure : requestPlain,
      options: {
        ...target,
        method,
        path: prefix + path,
        ...(this.#ca === undefined ? {} : { ca: this.#ca }),
      },
      headers: {
        accept: 'application/json',
        ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body,
      signal,
      silenceMs,
    }).catch((error: unknown) => {
      // Whoever has ended the question knows why.
      if (signal?.aborted === true) throw error
      throw this.#noAnswer(error)
    })
    const { status } = answer
    if (status === NO_CONTENT) return {}
    const parsed = objectOf(answer.text)
    if (status !== alsoStatus && (status < 200 || status > 299)) throw this.#refusal(answer, path, parsed)
    if (parsed === undefined) throw notOurs(this.server)
    return parsed
  }

  #noAnswer(cause: unknown): ApiError {
    const { code = '', message } = cause as NodeJS.ErrnoException
    return new ApiError(`${this.server}: ${adviceFor(code, this.#address.isSecure) ?? message}`, { cause })
  }

  #refusal({ status, retryAfter }: Exchange, path: string, parsed: Answer | undefined): ApiError {
    const { detail, title, code } = parsed ?? {}
    const words = typeof detail === 'string' ? detail : typeof title === 'string' ? title : ''
    const text = `${this.server}${path}: ${status}${words === '' ? '' : ` ${words}`}${this.#remedy(status)}`
    return new ApiError(text, { status, code: typeof code === 'string' ? code : undefined, retryAfter })
  }

  #remedy(status: number): string {
    if (status === UNAUTHORIZED)
      return this.#key === undefined
        ? '; set APNS_WORKER_API_KEY, or name a file that holds the key by --api-key-path'
        : '; the key of APNS_WORKER_API_KEY or --api-key-path is not in the configuration of this server'
    return status === FORBIDDEN ? '; use a key that has it' : ''
  }
}

function objectOf(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text)
    // Lists have nothing by name; whoever looks for something there finds nothing.
    return typeof value === 'object' && value !== null ? (value as Answer) : undefined
  } catch {
    return undefined
  }
}

/** What Node's and OpenSSL's codes come to for whoever gave the address. */
function adviceFor(code: string, isSecure: boolean): string | undefined {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nobody listens there; is the server running? --server, or APNS_WORKER_SERVER, names another'
    case 'ENOENT':
      return 'there is no such socket; is the server running? --server, or APNS_WORKER_SERVER, names another'
    case 'EACCES':
      return 'this user may not connect to the socket'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name of the host cannot be resolved'
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'it does not speak TLS; give http:// instead of https://'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'its certificate is signed by nobody who is known; name the authority by --ca-path'
    case 'ECONNRESET':
      return isSecure
        ? 'it closed the connection'
        : 'it closed the connection; if it speaks TLS, give https:// instead of http://'
    default:
      return code.startsWith('HPE_') ? 'it does not speak HTTP; give the address of the API' : undefined
  }
}
