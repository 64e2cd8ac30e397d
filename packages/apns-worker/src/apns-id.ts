import { randomUUID } from 'node:crypto'
import { describeValue } from './describe-value.js'
import { MessageError } from './message-error.js'

/** How much of an id is its series': all up to the variant's digit. */
const BASE_LENGTH = 20
/** And how much its message's. */
const PREFIX_LENGTH = 28
const MESSAGES_PER_SERIES = 2 ** 28

/**
 * A series of messages whose `apns-id`s begin alike. These are canonical UUIDs in lower case (version 4, RFC 9562): 62
 * random bits for the series, the message's number in it, and the notification's ident. A random UUID for each message
 * would cost a twentieth of what sending it does.
 *
 *     rrrrrrrr-rrrr-4rrr-rnnn-nnnniiiiiiii     r random, n number, i ident
 */
export class ApnsIdSeries {
  static #current = new ApnsIdSeries(randomUUID())

  /** The first 20 characters of its ids, in ASCII. Not to be changed. */
  readonly baseBytes: Uint8Array
  readonly #base: string
  #next: number

  /**
   * @param uuid a random one, of which the first 20 characters are taken
   * @param first the first number that it gives
   */
  constructor(uuid: string, first = 0) {
    this.#base = uuid.slice(0, BASE_LENGTH)
    this.baseBytes = Buffer.from(this.#base)
    this.#next = first
  }

  /** The one that new messages belong to. */
  static current(): ApnsIdSeries {
    if (ApnsIdSeries.#current.isUsedUp) ApnsIdSeries.#current = new ApnsIdSeries(randomUUID())
    return ApnsIdSeries.#current
  }

  /** Whether it has given all of its numbers. */
  get isUsedUp(): boolean {
    return this.#next === MESSAGES_PER_SERIES
  }

  /** The number of a new message: 28 bits, each given once. */
  takeNumber(): number {
    return this.#next++
  }

  /** The first 28 characters of the ids of the message with this number. */
  prefix(number: number): string {
    return `${this.#base}${hex(upperDigits(number), UPPER_DIGITS)}-${hex(lowerDigits(number), LOWER_DIGITS)}`
  }
}

/**
 * Ids that are given rather than made: those that a message's notifications had when another process sent them, so that
 * what is sent again is known for the same.
 */
export interface ApnsIds {
  /** A UUID, of which all but the last eight digits are used. */
  readonly base: string
  /** For each token, in order: the last eight digits of its notification's `apns-id`, as a number. */
  readonly numbers: Uint32Array
}

interface GivenIds {
  readonly series: ApnsIdSeries
  readonly number: number
  readonly numbers: Uint32Array
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What a message's options say of its ids. */
interface IdOptions {
  readonly apnsId?: string | undefined
  readonly apnsIds?: ApnsIds | undefined
}

/**
 * The ids that a message is given for each of its tokens, as those of a series; undefined where they are to be made.
 *
 * @throws {MessageError} `BAD_APNS_ID`
 */
export function givenIds({ apnsId, apnsIds }: IdOptions, tokens: number): GivenIds | undefined {
  if (apnsIds === undefined) return undefined
  if (apnsId !== undefined) throw badIds('are given along with apnsId; one of them is enough')
  const { base, numbers } = apnsIds
  if (typeof base !== 'string' || !UUID.test(base))
    throw badIds(`have the base ${describeValue(base)}, which is not a UUID in lower case`)
  if (!(numbers instanceof Uint32Array) || numbers.length !== tokens)
    throw badIds(`have numbers that are not a Uint32Array of ${tokens}, one for each token`)
  const digits = base.slice(BASE_LENGTH, PREFIX_LENGTH).replace('-', '')
  // A copy: a message does not change with what it was made from.
  return { series: new ApnsIdSeries(base), number: Number.parseInt(digits, 16), numbers: numbers.slice() }
}

function badIds(problem: string): MessageError {
  return new MessageError('BAD_APNS_ID', `apnsIds ${problem}`)
}

/** How many digits of a number are in the fourth group of an id, and how many in the fifth. */
export const UPPER_DIGITS = 3
export const LOWER_DIGITS = 4

/** A number's digits in the fourth group of an id. */
export function upperDigits(number: number): number {
  return number >>> 16
}

/** A number's digits in the fifth group of an id. */
export function lowerDigits(number: number): number {
  return number & 0xffff
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
