/** Longer than anything here takes, and shorter than a person waits to learn that it hangs. */
const DEFAULT_SECONDS = 8

/** A promise that has to settle in time; if it does not, the error says what state things are in. */
export async function within<T>(
  promise: Promise<T>,
  describe: () => string,
  seconds: number = DEFAULT_SECONDS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${seconds} s: ${describe()}`)), seconds * 1000)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves when the condition is true; it is asked in each turn of the event loop. */
export async function until(
  condition: () => boolean,
  describe: () => string = () => condition.toString(),
  seconds: number = DEFAULT_SECONDS,
): Promise<void> {
  const deadlineMs = performance.now() + seconds * 1000
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${seconds} s: ${describe()}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
