import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that a system gives to whoever asks for any, which begin at 32,768 or 49,152. */
const FIRST = 10_000
const COUNT = 20_000
/** Test files run at the same time, in processes whose ids are close to each other. */
const PORTS_A_PROCESS = 20

let next = process.pid * PORTS_A_PROCESS

/**
 * A port of 127.0.0.1 that nobody has, and that the system gives to nobody meanwhile: neither to a server that wants any
 * port nor to a client, which might even connect to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + (next++ % COUNT)
    const server = createServer().listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
    } catch {
      continue
    }
    server.close()
    await once(server, 'close')
    return port
  }
}
