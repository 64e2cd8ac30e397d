import { verdictOn } from '../backend/http2/verdict.js'
import { classify } from '../reason.js'
import type { DoctorService } from './diagnosis.js'

/** What is said about a refusal. */
export interface RefusalWords {
  readonly text: string
  readonly advice: string
}

/** Where more can be said to somebody who looks for the fault than to somebody who sends. */
const ADVICE: Readonly<Record<string, string>> = {
  InvalidProviderToken:
    "One of these is not right, and Apple does not say which: keyId belongs to another key than this file; teamId is another team's; the key was revoked; or this machine's clock is ahead by more than an hour.",
  ExpiredProviderToken:
    "Set this machine's clock: the server takes a provider token made just now for an old one.",
  BadCertificate: 'Renew the push certificate: it has expired, was revoked, or was not issued for push.',
  TooManyProviderTokenUpdates:
    'The credential was not judged. Other programs with this key make new provider tokens too often; try again in 20 minutes.',
  TooManyRequests: 'The credential was not judged. Try again in some minutes.',
  TopicDisallowed:
    "The credential may be good. Check the topic, and that the key covers it (a key may be for some topics only) or that it is of the app's own team.",
}
const LATER = "The credential was not judged. Try again later; see Apple's system status if it stays so."

/** What Apple says of a channel that can not exist, once it has taken the credential. */
const NO_CHANNEL: ReadonlySet<string> = new Set(['ChannelNotRegistered', 'BadChannelId'])

/** Whether a request was refused only since there is no such device, or channel: the credential was taken. */
export function isForWantOf(service: DoctorService, status: number, reason: string | undefined): boolean {
  if (reason === undefined) return false
  return service === 'notifications' ? classify(status, reason).class === 'token' : NO_CHANNEL.has(reason)
}

/** A refusal in words: by the reason that the server gave, or by its status alone. */
export function refusalOn(httpStatus: number, reason: string | undefined, body = ''): RefusalWords {
  const { failure } = verdictOn(httpStatus, reason === undefined ? body : JSON.stringify({ reason }))
  const status = httpStatus === 0 || reason === undefined ? '' : `${httpStatus} `
  const text = `${status}${failure.reason}: ${failure.description}`
  return { text, advice: adviceOn(httpStatus, failure.reason, failure.action) }
}

function adviceOn(httpStatus: number, reason: string, action: string): string {
  if (Object.hasOwn(ADVICE, reason)) return ADVICE[reason] ?? action
  return classify(httpStatus, reason).class === 'later' ? LATER : action
}
