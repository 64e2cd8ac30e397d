import {
  ACK,
  continuation,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  goaway,
  headers,
  PADDED,
  PRIORITY,
  ping,
  priority,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
} from '../protocol/http2/support/frame-builder.js'
import { BlockWriter } from './header-blocks.js'
import type { Random } from './random.js'
import { type Step, step } from './step.js'

const MOST_ROUNDS = 60
const MOST_REQUESTS = 60
/** So large that most bodies go at once; some of the settings below say otherwise. */
const WINDOW = 1_000_000

/** The steps of a session that keeps all rules: requests, and a server that answers them in any order and in any way. */
export function sessionScript(random: Random): Step[] {
  const script = new SessionScript(random)
  return script.write()
}

class SessionScript {
  readonly #random: Random
  readonly #blocks: BlockWriter
  readonly #steps: Step[] = []
  /** Streams without a final head, and those whose body goes on. */
  readonly #awaiting: number[] = []
  readonly #receiving: number[] = []
  #nextId = 1
  #isGoingAway = false

  constructor(random: Random) {
    this.#random = random
    this.#blocks = new BlockWriter(random)
  }

  write(): Step[] {
    const random = this.#random
    this.#peer(settings([3, 100 + random.below(100)], ...this.#someSettings()))
    this.#peer(windowUpdate(0, WINDOW))
    if (!random.once(8)) this.#peer(settingsAck())
    if (random.once(3)) this.#steps.push(step('reenter', random.below(8)))
    for (let rounds = 1 + random.below(MOST_ROUNDS); rounds > 0; rounds--) this.#round()
    return this.#steps
  }

  #peer(bytes: Buffer): void {
    this.#steps.push(step('peer', bytes))
  }

  #round(): void {
    const random = this.#random
    const what = random.below(20)
    if (what < 3) this.#request()
    else if (what < 10) this.#head()
    else if (what < 14) this.#body()
    else if (what < 16) this.#control()
    else if (what < 18) this.#steps.push(step('take'))
    else if (what === 18) this.#steps.push(random.pick([step('ping'), step('pass', random.below(20_000))]))
    else if (random.once(2)) this.#cancel()
    else if (random.once(4)) this.#goAway()
  }

  #request(): void {
    if (this.#isGoingAway || this.#nextId > 2 * MOST_REQUESTS) return
    const count = 1 + this.#random.below(5)
    for (let made = 0; made < count; made++) {
      this.#steps.push(step('request', this.#random.pick([0, 10, 300, 4096, 20_000])))
      this.#awaiting.push(this.#nextId)
      this.#nextId += 2
    }
  }

  /** The head of a response: informational, complete, with a body to come; in one frame or several. */
  #head(): void {
    const random = this.#random
    if (this.#awaiting.length === 0) return
    const position = random.below(this.#awaiting.length)
    const streamId = this.#awaiting[position] as number
    if (random.once(10)) {
      this.#block(streamId, this.#blocks.head(true), 0)
      return
    }
    this.#awaiting.splice(position, 1)
    if (random.once(15)) {
      this.#peer(rstStream(streamId, random.pick([0, 2, 7, 8, 11])))
      return
    }
    const hasBody = random.once(2)
    this.#block(streamId, this.#blocks.head(), hasBody ? 0 : END_STREAM)
    if (hasBody) this.#receiving.push(streamId)
  }

  #body(): void {
    const random = this.#random
    if (this.#receiving.length === 0) return
    const position = random.below(this.#receiving.length)
    const streamId = this.#receiving[position] as number
    const isLast = random.once(2)
    if (isLast) this.#receiving.splice(position, 1)
    if (isLast && random.once(4)) {
      this.#block(streamId, this.#blocks.fields(), END_STREAM)
      return
    }
    const content = Buffer.alloc(random.pick([0, 1, 60, 1000, 9000]), 'body')
    const flags = isLast ? END_STREAM : 0
    if (random.once(6)) this.#peer(data(streamId, padded(content, random.below(20)), flags | PADDED))
    else this.#peer(data(streamId, content, flags))
  }

  #block(streamId: number, block: Buffer, flags: number): void {
    const random = this.#random
    if (random.once(8)) {
      const cut = random.below(block.length + 1)
      this.#peer(headers(streamId, block.subarray(0, cut), flags))
      if (random.once(3)) this.#peer(continuation(streamId, Buffer.alloc(0), 0))
      this.#peer(continuation(streamId, block.subarray(cut)))
    } else if (random.once(7)) {
      const dressed = padded(Buffer.concat([Buffer.alloc(5), block]), random.below(5))
      this.#peer(headers(streamId, dressed, flags | END_HEADERS | PADDED | PRIORITY))
    } else this.#peer(headers(streamId, block, flags | END_HEADERS))
  }

  #control(): void {
    const random = this.#random
    const streamId = random.pick([0, ...this.#awaiting])
    this.#peer(
      random.pick([
        ping('12345678'),
        ping('\0\0\0\0\0\0\0\0', ACK),
        settings(...this.#someSettings()),
        windowUpdate(streamId, 1 + random.below(100_000)),
        priority(streamId === 0 ? 1 : streamId),
        frame(0xfa, random.below(256), streamId, random.bytes(random.below(20))),
      ]),
    )
  }

  #someSettings(): (readonly [number, number])[] {
    const random = this.#random
    const choices = [
      [1, random.pick([0, 33, 100])],
      [1, random.pick([100, 4096, 65_536])],
      [2, 0],
      [3, 50 + random.below(200)],
      [4, random.pick([0, 1, 1000, 65_535, 1_000_000])],
      [5, random.pick([16_384, 20_000, 16_777_215])],
      [6, 10_000],
      [0x99, random.below(1000)],
    ] as const
    return Array.from({ length: random.below(4) }, () => random.pick(choices))
  }

  #cancel(): void {
    const open = [...this.#awaiting, ...this.#receiving].toSorted((a, b) => a - b)
    if (open.length === 0) return
    const position = this.#random.below(open.length)
    const streamId = open[position] as number
    this.#steps.push(step('cancel', position))
    for (const list of [this.#awaiting, this.#receiving])
      if (list.includes(streamId)) list.splice(list.indexOf(streamId), 1)
  }

  #goAway(): void {
    const random = this.#random
    this.#isGoingAway = true
    if (random.once(2)) {
      this.#steps.push(step('goaway'))
      return
    }
    const last = random.pick([0, 1, Math.max(0, this.#nextId - 4), this.#nextId, 0x7fff_ffff])
    this.#peer(goaway(last, random.pick([0, 1, 11]), random.pick(['', '{"reason":"Shutdown"}'])))
    for (const list of [this.#awaiting, this.#receiving])
      for (const streamId of list.splice(0)) if (streamId <= last) list.push(streamId)
  }
}

function padded(content: Buffer, padding: number): Buffer {
  return Buffer.concat([Buffer.of(padding), content, Buffer.alloc(padding)])
}
