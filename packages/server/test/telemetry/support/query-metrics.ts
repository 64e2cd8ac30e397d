/** The metrics that a query names, each with the labels that it asks for in braces. */
export function metricsOf(query: string): { name: string; labels: string[] }[] {
  const named = /\b((?:apns_worker|http_server|process|nodejs)_\w+)(?:\{([^}]*)\})?/g
  return [...query.matchAll(named)].map(([, name = '', matchers = '']) => ({
    name: name.replace(/_(?:bucket|sum|count)$/, ''),
    labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label),
  }))
}

/** The labels that a query groups or joins by. */
export function groupingsOf(query: string): string[] {
  return [...query.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '))
}
