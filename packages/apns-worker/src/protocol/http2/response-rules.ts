/** What may arrive on an open stream; each pair is "without" and "with END_STREAM", so that the flag can be added. */
export const Input = {
  /** A head with a status of 100 to 199. */
  INFORMATIONAL: 0,
  INFORMATIONAL_END: 1,
  /** A head with a final status. */
  HEAD: 2,
  HEAD_END: 3,
  /** A field section without `:status`. */
  FIELDS: 4,
  FIELDS_END: 5,
  DATA: 6,
  DATA_END: 7,
} as const

/** What to do about it. */
export const Action = {
  /** A stream error of type PROTOCOL_ERROR: the response is malformed (RFC 9113 section 8.1.1). */
  MALFORMED: 0,
  /** Nothing: an informational head. */
  IGNORE: 1,
  /** The final head: on to the body. */
  OPEN_BODY: 2,
  /** The response is complete. */
  END: 3,
  /** A piece of the body. */
  BODY: 4,
  /** The last piece of the body. */
  BODY_END: 5,
} as const

const { MALFORMED, IGNORE, OPEN_BODY, END, BODY, BODY_END } = Action

/**
 * The response's state machine (RFC 9113 section 8.1): state × input → action. Streams that are not open are not here: an
 * idle one makes any of these inputs a connection error, a closed one makes it be ignored.
 */
// biome-ignore format: a table
const ACTIONS: readonly (readonly number[])[] = [
  /*                    INFORMATIONAL      HEAD              FIELDS          DATA
  /*                    –       END        –          END    –       END     –       END */
  /* awaiting head  */ [IGNORE,    MALFORMED, OPEN_BODY, END,       MALFORMED, MALFORMED, MALFORMED, MALFORMED],
  /* receiving body */ [MALFORMED, MALFORMED, MALFORMED, MALFORMED, MALFORMED, END,       BODY,      BODY_END],
]

/** The action for an input in the state that `hasHead` tells: false while the final head is awaited, then true. */
export function responseAction(hasHead: boolean, input: number): number {
  return ACTIONS[hasHead ? 1 : 0]?.[input] ?? MALFORMED
}
