/** Device tokens of 32 bytes, unlike one another. */
export function tokensOf(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => (first + index).toString(16).padStart(64, '0'))
}
