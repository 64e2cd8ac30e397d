import { inspect } from 'node:util'

const MAX_CHARACTERS = 200

/** What a message about a wrong value says it is: whatever it is, in one short line. */
export function describeValue(value: unknown): string {
  const text =
    typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 0, breakLength: Infinity })
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text
}
