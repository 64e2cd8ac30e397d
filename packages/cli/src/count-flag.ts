import { InvalidArgumentError } from 'commander'

/** Reads an option that is a whole number. */
export function parseCount(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const count = Number(text)
    if (/^\d+$/.test(text) && count >= minimum && count <= maximum) return count
    throw new InvalidArgumentError(`It is a whole number, ${minimum} to ${maximum}.`)
  }
}
