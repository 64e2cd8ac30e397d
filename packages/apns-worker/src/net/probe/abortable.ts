/**
 * A promise of something that can be given up: when the signal aborts first, `giveUp` is called and the promise is
 * rejected with the signal's reason.
 *
 * @param start is told how to settle the promise; what it does after that is ignored
 */
export function abortable<T>(
  signal: AbortSignal,
  giveUp: () => void,
  start: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      giveUp()
      const reason: unknown = signal.reason
      reject(reason instanceof Error ? reason : new Error('given up', { cause: reason }))
    }
    const settle = (conclude: () => void): void => {
      signal.removeEventListener('abort', onAbort)
      conclude()
    }
    if (signal.aborted) {
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    start(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    )
  })
}
