/** Empty is how an environment variable is taken back in many a shell and container. */
export function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
