// As they are before a test mocks them.
const { setTimeout, setInterval, clearInterval } = globalThis

/** Longer than anything here takes, on a slow machine too, and shorter than a person waits to learn that it hangs. */
const DEFAULT_SECONDS = 20
const TICK_MS = 50
const TURN_MS = 1

// Both count turns of the event loop instead of asking a clock: while the process is held up, its limits are too, and
// what came meanwhile is read before they are over.

/** A promise that has to settle in time; if it does not, the error says what state things are in. */
export async function within<T>(
  promise: Promise<T>,
  describe: () => string,
  seconds: number = DEFAULT_SECONDS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    let left = Math.ceil((seconds * 1000) / TICK_MS)
    timer = setInterval(() => {
      if (--left === 0) reject(new Error(`not within ${seconds} s: ${describe()}`))
    }, TICK_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearInterval(timer)
  }
}

/** Resolves when the condition is true; it is asked in each turn of the event loop. */
export async function until(
  condition: () => boolean,
  describe: () => string = () => condition.toString(),
  seconds: number = DEFAULT_SECONDS,
): Promise<void> {
  for (let left = (seconds * 1000) / TURN_MS; !condition(); left--) {
    if (left <= 0) throw new Error(`not within ${seconds} s: ${describe()}`)
    await new Promise((resolve) => setTimeout(resolve, TURN_MS))
  }
}
