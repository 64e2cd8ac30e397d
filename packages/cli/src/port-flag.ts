import { InvalidArgumentError } from 'commander'

const MAX_PORT = 65_535

/** Reads an option that is a port. */
export function parsePort(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > MAX_PORT)
    throw new InvalidArgumentError('It is a port, 1 to 65535.')
  return port
}
