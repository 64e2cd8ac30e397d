import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { type ChannelEvents, channels } from 'apns-worker'

type ChannelName = keyof ChannelEvents

/** A device token, in any of its usual lengths; a JWT; a key. None of them is ever in an event. */
const SECRETS = /\b[0-9a-f]{64}\b|eyJ[\w-]+\.eyJ|PRIVATE KEY/

/** All that is published while it lives, by any manager. */
export class EventRecorder implements Disposable {
  readonly all: { readonly name: string; readonly event: unknown }[] = []
  readonly #listener = (event: unknown, name: string | symbol): void => {
    this.all.push({ name: String(name), event })
  }

  constructor() {
    for (const name of Object.values(channels)) subscribe(name, this.#listener)
  }

  /** What was published on a channel so far, in order. */
  of<N extends ChannelName>(name: N): ChannelEvents[N][] {
    // The library promises the type; Node's channels know none.
    return this.all.filter((each) => each.name === name).map(({ event }) => event as ChannelEvents[N])
  }

  /** The one event of a channel. */
  only<N extends ChannelName>(name: N): ChannelEvents[N] {
    const [event, ...more] = this.of(name)
    assert.ok(event !== undefined && more.length === 0, `${this.of(name).length} events on ${name}`)
    return event
  }

  /** The names of what was published, in order. */
  names(): string[] {
    return this.all.map(({ name }) => name)
  }

  /** Everything that can be read in what was published, hidden fields too. */
  text(): string {
    return inspect(this.all, { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null })
  }

  [Symbol.dispose](): void {
    for (const name of Object.values(channels)) unsubscribe(name, this.#listener)
    assert.doesNotMatch(this.text(), SECRETS)
  }
}
