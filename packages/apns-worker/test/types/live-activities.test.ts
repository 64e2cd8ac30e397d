// The compiler is the test: each line below `@ts-expect-error` is a payload that must not compile, for the reason given.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AsJson,
  type LiveActivityEnd,
  type LiveActivityPayload,
  type LiveActivityStart,
  type LiveActivityUpdate,
  Message,
} from 'apns-worker'

interface Score {
  readonly home: number
  readonly away: number
  readonly scorer?: string
}

interface Match {
  readonly teams: readonly [string, string]
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<_T extends true>(): void {}

type Start = LiveActivityStart<Score, Match>
type Update = LiveActivityUpdate<Score>
type End = LiveActivityEnd<Score>

const timestamp = new Date()
const alert = { title: 'Kick-off', body: { 'loc-key': 'TEAMS', 'loc-args': ['A', 'B'] } } as const
const started = {
  event: 'start',
  timestamp,
  'content-state': { home: 0, away: 0 },
  'attributes-type': 'MatchAttributes',
  attributes: { teams: ['A', 'B'] },
  alert,
} as const
const state = { home: 1, away: 0 }
const goal = { event: 'update', timestamp, 'content-state': state } as const

test('the start', () => {
  const payload = { aps: started } satisfies Start
  assert.equal(new Message([], payload).pushType, 'liveactivity')
  ;({ aps: { ...started, 'input-push-token': 1, 'stale-date': 1_700_000_000 } }) satisfies LiveActivityStart<
    Score,
    Match
  >
  ;({ aps: { ...started, 'input-push-channel': 'Y2g=' }, mine: 1 }) satisfies Start
  // What nothing is known of may be anything that JSON can hold.
  ;({ aps: { ...started, 'content-state': { any: [1, null] }, attributes: {} } }) satisfies LiveActivityStart

  const { alert: _alert, ...silent } = started
  // @ts-expect-error a start without an alert does not start
  ;({ aps: silent }) satisfies Start
  const { attributes: _attributes, ...bare } = started
  // @ts-expect-error attributes are missing
  ;({ aps: bare }) satisfies Start
  const { 'attributes-type': _type, ...untyped } = started
  // @ts-expect-error the name of the attributes' type is missing
  ;({ aps: untyped }) satisfies Start
  // @ts-expect-error either a channel or a token brings the updates
  ;({ aps: { ...started, 'input-push-token': 1, 'input-push-channel': 'Y2g=' } }) satisfies LiveActivityStart<
    Score,
    Match
  >
  // @ts-expect-error these are not the app's attributes
  ;({ aps: { ...started, attributes: { teams: 'A' } } }) satisfies Start
  // @ts-expect-error the alert of an activity is an object
  ;({ aps: { ...started, alert: 'Kick-off' } }) satisfies Start
  // @ts-expect-error the alert of an activity has a body
  ;({ aps: { ...started, alert: { title: 'Kick-off' } } }) satisfies Start
  // @ts-expect-error the texts of an activity's alert are localised inside, not by title-loc-key
  ;({ aps: { ...started, alert: { ...alert, 'title-loc-key': 'KICKOFF' } } }) satisfies LiveActivityStart<
    Score,
    Match
  >
  // @ts-expect-error the sound of an activity is inside its alert
  ;({ aps: { ...started, sound: 'default' } }) satisfies Start
  // @ts-expect-error what starts is not dismissed
  ;({ aps: { ...started, 'dismissal-date': timestamp } }) satisfies Start
})

test('an update', () => {
  ;({ aps: { event: 'update', timestamp, 'content-state': state } }) satisfies Update
  ;({
    aps: { event: 'update', timestamp: 1_700_000_000, 'content-state': state, alert, 'relevance-score': 75 },
  }) satisfies Update
  // @ts-expect-error without a timestamp it is dropped
  ;({ aps: { event: 'update', 'content-state': state } }) satisfies Update
  // @ts-expect-error without content it is dropped
  ;({ aps: { event: 'update', timestamp } }) satisfies Update
  // @ts-expect-error the event is called update
  ;({ aps: { event: 'updated', timestamp, 'content-state': state } }) satisfies Update
  // @ts-expect-error away is missing in the app's content state
  ;({ aps: { event: 'update', timestamp, 'content-state': { home: 1 } } }) satisfies Update
  // @ts-expect-error attributes never change
  ;({ aps: { ...goal, attributes: {} } }) satisfies Update
  // @ts-expect-error a time is a Date or Unix seconds
  ;({ aps: { event: 'update', timestamp: '2026-01-01', 'content-state': state } }) satisfies Update
  // @ts-expect-error only the end dismisses
  ;({ aps: { ...goal, 'dismissal-date': 0 } }) satisfies Update
})

test('the end', () => {
  ;({ aps: { event: 'end', timestamp, 'dismissal-date': timestamp } }) satisfies End
  ;({ aps: { event: 'end', timestamp, 'content-state': state } }) satisfies End
  // @ts-expect-error without a timestamp it is dropped
  ;({ aps: { event: 'end' } }) satisfies End
  // @ts-expect-error this is not the app's content state
  ;({ aps: { event: 'end', timestamp, 'content-state': { home: '1' } } }) satisfies End
})

test('the event tells which it is', () => {
  const read = ({ aps }: LiveActivityPayload<Score, Match>): readonly string[] | undefined => {
    // @ts-expect-error only the start has a type of attributes that is a string
    aps['attributes-type'] satisfies string
    return aps.event === 'start' ? aps.attributes.teams : undefined
  }
  assert.deepEqual(read({ aps: started }), ['A', 'B'])
  assert.equal(read({ aps: { event: 'end', timestamp } }), undefined)
})

test('content holds what JSON holds', () => {
  same<Same<AsJson<{ a: Date; b: number }>, { readonly a: never; readonly b: number }>>()
  same<Same<AsJson<Score>, Score>>()
  interface Kickoff {
    readonly at: Date
  }
  const at = new Date()
  // @ts-expect-error JSON makes a Date a string, which Swift's decoder does not read as one
  ;({ aps: { event: 'update', timestamp, 'content-state': { at } } }) satisfies LiveActivityUpdate<Kickoff>
  // @ts-expect-error so it does where nothing is known of the content
  ;({ aps: { event: 'update', timestamp, 'content-state': { at } } }) satisfies LiveActivityUpdate
})
