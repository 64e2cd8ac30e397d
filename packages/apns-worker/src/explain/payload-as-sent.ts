/** The payload of a draft, which may be wrong, as its receiver would get it. */
import { checkIsObject, encodeUnchecked, inPayload } from '../payload/encode.js'
import { checkPayload } from '../payload/rules.js'
import type { PushType } from '../push-type.js'
import { type Findings, PAGES } from './finding.js'

export function checkedPayload(payload: unknown): object {
  checkIsObject(payload)
  return payload
}

/**
 * The payload as JSON, and what the receiver would find wrong with it.
 *
 * @throws {MessageError} if it can have none
 */
export function encodeDraft(payload: object, pushType: PushType, findings: Findings): string {
  const text = encodeUnchecked(payload)
  reportFaults(JSON.parse(text) as object, pushType, findings)
  return text
}

/** What the receiver would find wrong with a payload. */
export function reportFaults(payload: object, pushType: PushType, findings: Findings): void {
  const page = pushType === 'liveactivity' ? PAGES.liveActivity : PAGES.payload
  checkPayload(payload, pushType, (path, problem) => findings.error(inPayload(path), problem, page))
}

/** What the receiver sees. */
export function asSent(payload: object, text: string | undefined): Record<string, unknown> {
  // It was made from an object; one that cannot be encoded is looked at as it is.
  return (text === undefined ? payload : JSON.parse(text)) as Record<string, unknown>
}
