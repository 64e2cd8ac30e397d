const MAX_CAUSES = 3

/** What a log line has of an error: never its other fields, of which `ApnsError` has the whole notification. */
export function errorFacts(value: unknown, causes: number = MAX_CAUSES): unknown {
  if (!(value instanceof Error)) return typeof value === 'object' ? undefined : value
  const { name, message, stack, cause } = value
  const facts: Record<string, unknown> = { type: name, message }
  for (const field of ['code', 'reason', 'action'] as const) {
    const fact: unknown = field in value ? Reflect.get(value, field) : undefined
    if (typeof fact === 'string' || typeof fact === 'number') facts[field] = fact
  }
  if (cause !== undefined && causes > 0) facts['cause'] = errorFacts(cause, causes - 1)
  facts['stack'] = stack
  return facts
}
