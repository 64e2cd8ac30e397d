import type { ApiError } from './api-error.js'
import { LiveView } from './live-view.js'
import type { WatchSubject } from './watch-subject.js'

/** Where what is watched is shown. */
export interface WatchOutput<State> {
  show(state: State): void
  /** The server is away, and waited for. */
  trouble(error: ApiError): void
  relief(): void
  /** Gives the terminal back. */
  close(): void
}

type Subject<State> = Pick<WatchSubject<State>, 'lines' | 'facts'>

/** Drawn over and over in one place. */
export function liveOutput<State>(
  { lines }: Subject<State>,
  screen: NodeJS.WriteStream = process.stdout,
): WatchOutput<State> {
  const view = new LiveView(screen)
  let last: readonly string[] = []
  return {
    show: (state) => {
      last = lines(state, screen.columns)
      view.draw(last)
    },
    // What was known last stays to be seen.
    trouble: (error) => view.draw([`${error.message}; waiting for it …`, '', ...last]),
    relief: () => {},
    close: () => view.close(),
  }
}

/** A line for each change. */
export function lineOutput<State>({ facts }: Subject<State>): WatchOutput<State> {
  const marks = new Map<string, string>()
  return {
    show: (state) => {
      const present = facts(state)
      for (const { subject, mark, text } of present) {
        if (marks.get(subject) === mark) continue
        marks.set(subject, mark)
        console.log(text)
      }
      // Messages leave the list in time, and are not remembered for ever.
      const subjects = new Set(present.map(({ subject }) => subject))
      for (const subject of marks.keys()) if (!subjects.has(subject)) marks.delete(subject)
    },
    ...NOTES,
  }
}

/** All of it as a line of JSON, whenever some of it has changed. */
export function jsonOutput<State>({ facts }: Subject<State>): WatchOutput<State> {
  let last: string | undefined
  return {
    show: (state) => {
      const mark = JSON.stringify(facts(state).map((fact) => [fact.subject, fact.mark]))
      if (mark === last) return
      last = mark
      console.log(JSON.stringify(state))
    },
    ...NOTES,
  }
}

const NOTES = {
  trouble: (error: ApiError): void => console.error(`${error.message}; waiting for it …`),
  relief: (): void => console.error('The server answers again'),
  close: (): void => {},
}
