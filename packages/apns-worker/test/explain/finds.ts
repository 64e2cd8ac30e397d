import assert from 'node:assert/strict'
import { type ExplainOptions, explain, type MessageDraft, type PushType } from 'apns-worker'

export const NOW = 1_700_000_000
export const OPTIONS: ExplainOptions = { topic: 'com.example.app', now: new Date(NOW * 1000) }
export const TOKENS = ['ab']
export const START = {
  event: 'start',
  timestamp: NOW,
  'content-state': { goals: 0 },
  'attributes-type': 'Match',
  attributes: {},
  alert: { title: 'a', body: 'b' },
}
export const UPDATE = { event: 'update', timestamp: NOW, 'content-state': { goals: 0 } }
export const END = { event: 'end', timestamp: NOW, 'content-state': {} }

/** Drafts may be wrong, in types too. */
export interface Draft extends Omit<MessageDraft, 'payload'> {
  readonly payload: unknown
}

export function findingsOf(draft: Draft, options: ExplainOptions = OPTIONS): string[] {
  const { findings } = explain(draft as MessageDraft, options)
  return findings.map(({ severity, where, problem }) => `${severity} ${where}: ${problem}`)
}

/** Checks that exactly these are found: `severity where`, and what their texts have to say. */
export function finds(
  draft: Draft,
  expected: readonly (readonly [what: string, ...parts: string[]])[],
  options = OPTIONS,
): void {
  const found = findingsOf(draft, options)
  assert.deepEqual(
    found.map((line) => line.split(':')[0]),
    expected.map(([what]) => what),
    found.join('\n'),
  )
  for (const [index, [, ...parts]] of expected.entries())
    for (const part of parts) assert.ok(found[index]?.includes(part), `${found[index]} says ${part}`)
}

/** A payload for each push type that nobody objects to. */
export const GOOD: Readonly<Record<PushType, Draft>> = {
  alert: {
    payload: {
      aps: { alert: { title: 'a', 'loc-key': 'k', 'loc-args': [] }, badge: 0, 'mutable-content': 1 },
    },
  },
  background: { payload: { aps: { 'content-available': 1 }, since: 1 } },
  complication: { payload: { temperature: 21 } },
  controls: { payload: { aps: { 'content-changed': true } }, expiration: 0 },
  fileprovider: { payload: { 'container-identifier': 'c', domain: 'd' } },
  liveactivity: { payload: { aps: UPDATE }, priority: 5 },
  location: { payload: { aps: {} }, expiration: NOW + 300 },
  mdm: { payload: { mdm: 'magic' }, topic: 'com.apple.mgmt.External.1234' },
  pushtotalk: { payload: { aps: {}, speaker: 'Ada' }, expiration: 0, priority: 10 },
  voip: { payload: { caller: 'Ada' }, expiration: 0 },
  widgets: { payload: { aps: { 'content-changed': true } } },
}
