import { readFileSync } from 'node:fs'

/** Reads a file of `test/vectors`. The caller says what is in it; the tests that follow would fail otherwise. */
export function readVectors<T>(path: string): T {
  const url = new URL(`../../test/vectors/${path}`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as T
}
