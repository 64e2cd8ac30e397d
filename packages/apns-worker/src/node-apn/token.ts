/**
 * A device token in hex: what is neither a digit nor a letter of it is left out, such as the brackets and spaces of a
 * printed one.
 *
 * @throws {Error} when nothing is left
 */
export function token(input: string | Uint8Array): string {
  const text = typeof input === 'string' ? input : Buffer.from(input).toString('hex')
  const digits = text.replaceAll(/[^0-9a-f]/gi, '')
  if (digits === '') throw new Error('this is no device token: there is no hexadecimal digit in it')
  return digits
}
