import Type, { type TBoolean, type TInteger, type TNumber, type TString } from 'typebox'
import { QUANTITY_HELP, quantityText } from './quantity.js'

interface Range {
  readonly minimum: number
  readonly maximum: number
  readonly default?: number
}

const SECONDS = { ms: 0.001, minute: 60, hour: 3600, day: 86_400 } as const
export const MINUTE: number = SECONDS.minute
export const HOUR: number = SECONDS.hour
export const DAY: number = SECONDS.day

/** In seconds. */
export function duration(description: string, range: Range): TNumber {
  const { minimum, maximum } = range
  const from = `${quantityText(minimum, 'seconds')} to ${quantityText(maximum, 'seconds')}`
  return Type.Number({ ...range, description, unit: 'seconds', give: `${from}: ${QUANTITY_HELP.seconds}` })
}

/** In bytes. */
export function size(description: string, range: Range): TInteger {
  const { minimum, maximum } = range
  const from = `${quantityText(minimum, 'bytes')} to ${quantityText(maximum, 'bytes')}`
  return Type.Integer({ ...range, description, unit: 'bytes', give: `${from}: ${QUANTITY_HELP.bytes}` })
}

export function count(description: string, range: Range): TInteger {
  return Type.Integer({
    ...range,
    description,
    give: `a whole number from ${range.minimum} to ${range.maximum}`,
  })
}

export function flag(description: string, options: { readonly default: boolean }): TBoolean {
  return Type.Boolean({ ...options, description })
}

interface TextOptions {
  readonly pattern?: string
  readonly maxLength?: number
  readonly default?: string
}

export function text(description: string, give: string, options: TextOptions = {}): TString {
  return Type.String({ minLength: 1, maxLength: 1024, ...options, description, give })
}

/** The path of a file, which is absolute once it was read. */
export function filePath(description: string, options: { readonly default?: string } = {}): TString {
  return Type.String({
    minLength: 1,
    maxLength: 1024,
    ...options,
    description,
    path: true,
    give: 'the path of a file',
  })
}

/** Something that is never shown: no message, dump or log line has it. */
export function secret(description: string, give: string): TString {
  return Type.String({ minLength: 1, maxLength: 262_144, description, give, secret: true })
}
