import { Feedback } from '#src/feedback.js'
import { ErrorResponseParser } from '#src/protocol/gateway/error-response.js'
import { type FuzzTarget, must } from './fuzz-target.js'
import { mutateBytes } from './mutations.js'
import type { Random } from './random.js'
import { type Step, step } from './step.js'

const ERROR_COMMAND = 8
const ERROR_BYTES = 6
const FEEDBACK_HEADER_BYTES = 6

/** The gateway's error response, however it comes: what is read is what the bytes so far say. */
export const GATEWAY_ERRORS: FuzzTarget = {
  name: 'gateway-errors',
  cpuSeconds: 1,

  make(random) {
    const response = Buffer.concat([Buffer.of(ERROR_COMMAND), random.bytes(random.below(12))])
    return chunks(random.once(3) ? mutateBytes(response, random) : response, random)
  },

  run(steps) {
    const parser = new ErrorResponseParser()
    let all: Buffer = Buffer.alloc(0)
    for (const { bytes } of steps) {
      all = Buffer.concat([all, bytes])
      const found = JSON.stringify(parser.receive(bytes))
      const expected = JSON.stringify(expectedError(all))
      must(found === expected, () => `read ${found} of ${all.toString('hex')}, which says ${expected}`)
    }
  },
}

/** Records of the feedback service, one after the other, however they come. */
export const FEEDBACK: FuzzTarget = {
  name: 'feedback',
  cpuSeconds: 1,

  make(random) {
    const records = Array.from({ length: random.below(20) }, () => {
      const token = random.bytes(random.pick([0, 32, 32, 100, random.below(300)]))
      return Buffer.concat([random.bytes(4), Buffer.of(token.length >> 8, token.length & 0xff), token])
    })
    const all = Buffer.concat(records)
    return chunks(random.once(2) ? mutateBytes(all, random) : all, random)
  },

  run(steps) {
    let unread: Uint8Array = new Uint8Array(0)
    const found: string[] = []
    for (const { bytes } of steps) {
      unread = Buffer.concat([unread, bytes])
      for (;;) {
        const [feedback, rest] = Feedback.parse(unread)
        if (feedback === undefined) break
        must(rest.length < unread.length, () => 'a record without bytes')
        unread = rest
        found.push(`${feedback.when.getTime()} ${feedback.token}`)
      }
    }
    const expected = expectedRecords(Buffer.concat(steps.map(({ bytes }) => bytes)))
    must(found.join() === expected.join(), () => `read ${found.join()}, which says ${expected.join()}`)
  },
}

function chunks(bytes: Buffer, random: Random): Step[] {
  const steps: Step[] = []
  const most = random.pick([1, 3, 50, 1000])
  for (let at = 0; at < bytes.length; ) {
    const size = random.below(most + 1)
    steps.push(step('bytes', bytes.subarray(at, at + size)))
    at += size
  }
  return steps
}

function expectedError(bytes: Buffer): unknown {
  if (bytes.length > 0 && bytes[0] !== ERROR_COMMAND) return 'garbage'
  return bytes.length < ERROR_BYTES ? undefined : { status: bytes[1], ident: bytes.readUInt32BE(2) }
}

function expectedRecords(bytes: Buffer): string[] {
  const records: string[] = []
  for (let at = 0; at + FEEDBACK_HEADER_BYTES <= bytes.length; ) {
    const end = at + FEEDBACK_HEADER_BYTES + bytes.readUInt16BE(at + 4)
    if (end > bytes.length) break
    records.push(`${bytes.readUInt32BE(at) * 1000} ${bytes.toString('hex', at + FEEDBACK_HEADER_BYTES, end)}`)
    at = end
  }
  return records
}
