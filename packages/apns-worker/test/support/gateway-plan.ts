import type { FrameFormat } from '@apns-worker/simulator'
import fc from 'fast-check'
import { GATEWAY_PAYLOAD_BYTES } from '#src/protocol/gateway/frame.js'
import type { Trouble } from './gateway-ledger.js'

/** On so many connections at most something goes wrong, so that each run ends. */
const TROUBLES = 6
const UNKNOWN_IDENT = 0xffff_ffff

const nth = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 1500 }) },
)
/** Not 128, which may mean that the gateway knows no such frames, and then stops the line. */
const status = fc.constantFrom(1, 2, 5, 7, 8, 255)
const delay = fc.constantFrom(0, 0, 0.002)
const trailing = fc.constantFrom('', '00', '080a00000000', 'ff'.repeat(40))
/** No response at all, bytes that are none, and responses that are cut off. */
const garbage = fc.constantFrom('', '00', 'ffffff', '0a0800000000', '08', '0808000000')

const troubles: readonly fc.Arbitrary<Trouble | undefined>[] = [
  fc.record({ nth, status, trailing, delay }),
  fc.record({ nth, status: fc.constant(10), trailing, delay }),
  // Never one behind the nth: a gateway that vouches for what it throws away can not be survived.
  nth.chain((position) =>
    fc.record({
      nth: fc.constant(position),
      status: fc.constant(10),
      ident: fc.integer({ min: 0, max: position - 1 }),
    }),
  ),
  fc.record({ nth, status: fc.oneof(status, fc.constant(10)), ident: fc.constant(UNKNOWN_IDENT), trailing }),
  fc.record({ nth, bytes: garbage, delay }),
  fc.record({ nth, disconnect: fc.constant(true as const), delay }),
  fc.record({ disconnectAtByte: fc.integer({ min: 1, max: 8000 }) }),
  fc.record({ disconnectAtByte: fc.integer({ min: 1, max: 400_000 }) }),
  fc.constant(undefined),
]
/** A whole response, for the first notification of all: nothing that could be meant by it, where frames have no ident. */
const nonsense: fc.Arbitrary<Trouble> = fc.record({ nth, bytes: fc.constant('080800000000') })

/** A message. */
interface List {
  readonly size: number
  readonly ambiguous: 'resend' | 'drop'
  readonly isExpired: boolean
  /** How much more than it has to the payload has, in bytes, if the format allows it. */
  readonly padding: number
  /** It is sent after so many turns of the event loop. */
  readonly turns: number
}

const list: fc.Arbitrary<List> = fc.record({
  size: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: 200, max: 600 }) },
  ),
  ambiguous: fc.constantFrom('resend', 'drop'),
  isExpired: fc.integer({ min: 0, max: 7 }).map((number) => number === 0),
  padding: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1900 })),
  turns: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 })),
})

/** What is sent to a gateway, and what goes wrong meanwhile. */
export interface GatewayPlan {
  readonly lists: readonly List[]
  /** In the order of the connections. */
  readonly troubles: readonly (Trouble | undefined)[]
  readonly frameFormat: FrameFormat
  readonly maxAttempts: number
  /** The gateway writes in pieces of so many bytes. */
  readonly chunkBytes: number
}

export const gatewayPlans: fc.Arbitrary<GatewayPlan> = fc
  .constantFrom<FrameFormat>('simple', 'enhanced', 'items', 'items')
  .chain((frameFormat) =>
    fc.record({
      lists: fc.array(list, { minLength: 1, maxLength: 4 }),
      troubles: fc.array(fc.oneof(...troubles, ...(frameFormat === 'simple' ? [nonsense] : [])), {
        maxLength: TROUBLES,
      }),
      frameFormat: fc.constant(frameFormat),
      maxAttempts: fc.constantFrom(1, 2, 3, 10),
      chunkBytes: fc.constantFrom(Number.POSITIVE_INFINITY, 4, 1),
    }),
  )

/** A payload with so many bytes more than it has to have, or as many of them as the format allows. */
export function payloadWith(padding: number, format: FrameFormat): object {
  const payload = { aps: { alert: 'hello' }, x: '' }
  const room = GATEWAY_PAYLOAD_BYTES[format] - Buffer.byteLength(JSON.stringify(payload))
  return { ...payload, x: 'y'.repeat(Math.min(padding, room)) }
}
