import { frame, uint32 } from '../protocol/http2/support/frame-builder.js'
import type { Random } from './random.js'
import { type Step, step } from './step.js'

const HEADER_BYTES = 9
const FRAME_TYPES = 11
const LARGEST_INSERTED = 200
/** More frames than any limit of `FLOOD_LIMITS` but the highest permits. */
const FLOOD = 1100

/** Changes bytes somewhere: bits, whole bytes, pieces taken out, doubled, put in. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const until = Math.min(bytes.length, at + 1 + random.below(8))
  const changed = Buffer.from(bytes)
  switch (random.below(7)) {
    case 0:
      if (at < changed.length) changed[at] = (changed[at] as number) ^ (1 << random.below(8))
      return changed
    case 1:
      if (at < changed.length) changed[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)])
      return changed
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(until)])
    case 3:
      return Buffer.concat([bytes.subarray(0, until), bytes.subarray(at)])
    case 4:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(random.below(10)), bytes.subarray(at)])
    case 5:
      return Buffer.concat([bytes.subarray(0, at), uint32(random.edge()), bytes.subarray(at)])
    default:
      return bytes.subarray(0, at)
  }
}

/** Changes a script of frames, one for each step of the peer: the order, the frames, what the owner does. */
export function mutateScript(steps: readonly Step[], random: Random): Step[] {
  const at = random.below(steps.length)
  const other = random.below(steps.length)
  const chosen = steps[at] as Step
  switch (random.below(8)) {
    case 0:
      return steps.toSpliced(at, 1)
    case 1:
      return steps.toSpliced(
        at,
        0,
        ...new Array<Step>(random.once(20) ? FLOOD : 1 + random.below(3)).fill(chosen),
      )
    case 2:
      return steps.with(at, steps[other] as Step).with(other, chosen)
    case 3:
      return steps.toSpliced(other, 0, ...steps.slice(at, at + random.below(10)))
    case 4:
      return steps.toSpliced(at, 0, step('peer', anyFrame(random)))
    case 5:
      return steps.toSpliced(at, 0, anyAct(random))
    default:
      return chosen.verb === 'peer'
        ? steps.with(at, step('peer', mutateFrame(chosen.bytes, random)))
        : [...steps]
  }
}

/** Changes a frame's header, or its payload, with the length made to fit or not. */
function mutateFrame(bytes: Buffer, random: Random): Buffer {
  if (bytes.length < HEADER_BYTES || random.once(8)) return mutateBytes(bytes, random)
  const changed = Buffer.from(bytes)
  switch (random.below(6)) {
    case 0:
      changed.writeUInt8(random.below(FRAME_TYPES), 3)
      return changed
    case 1:
      changed.writeUInt8(
        random.once(2) ? random.below(256) : changed.readUInt8(4) ^ (1 << random.below(8)),
        4,
      )
      return changed
    case 2:
      changed.writeUInt32BE(random.once(2) ? random.below(100) : random.edge(), 5)
      return changed
    case 3:
      changed.writeUIntBE(random.once(2) ? random.below(100) : random.edge() & 0xff_ffff, 0, 3)
      return changed
    default:
      return frame(
        bytes.readUInt8(3),
        bytes.readUInt8(4),
        bytes.readUInt32BE(5),
        mutateBytes(bytes.subarray(HEADER_BYTES), random).subarray(0, 0xff_ffff),
      )
  }
}

/** A frame of any type, on any stream, whose payload has the length that its type wants, mostly. */
function anyFrame(random: Random): Buffer {
  const type = random.below(FRAME_TYPES)
  const streamId = random.pick([0, 0, 1, 3, 5, 2, 1 + 2 * random.below(60), random.edge()])
  const flags = random.pick([0, 0, 1, 4, 5, 8, 0x20, random.below(256)])
  const payload = random.pick([
    Buffer.alloc(0),
    uint32(random.edge()),
    uint32(random.below(100), random.edge()),
    Buffer.concat([Buffer.of(0, random.below(8)), uint32(random.edge())]),
    random.bytes(random.below(LARGEST_INSERTED)),
    Buffer.alloc(random.pick([16_384, 16_385, 5])),
  ])
  return frame(type, flags, streamId, payload)
}

function anyAct(random: Random): Step {
  return random.pick([
    step('request', random.pick([0, 1, 4096, 70_000])),
    step('cancel', random.below(10)),
    step('take'),
    step('ping'),
    step('pass', random.below(30_000)),
    step('reenter', random.below(8)),
    step('goaway'),
    step('lost'),
  ])
}

/** Cuts the peer's bytes anywhere and puts pieces together, so that no frame can count on coming alone. */
export function chop(steps: readonly Step[], random: Random): Step[] {
  const chopped: Step[] = []
  const most = random.pick([1, 7, 100, 70_000])
  for (const each of steps) {
    const last = chopped.at(-1)
    if (each.verb !== 'peer') chopped.push(each)
    else if (last?.verb === 'peer' && random.once(2))
      chopped[chopped.length - 1] = step('peer', Buffer.concat([last.bytes, each.bytes]))
    else if (random.once(2) || each.bytes.length > 64 * most) chopped.push(each)
    else
      for (let at = 0; at < each.bytes.length; ) {
        const size = 1 + random.below(most)
        chopped.push(step('peer', each.bytes.subarray(at, at + size)))
        at += size
      }
  }
  return chopped
}
