import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'

/**
 * Its standard input ends with the process that started it, however that ends. Then it ends the processes of which the
 * folder has a file with their id, and removes the folder. An id may be another program's by then: its arguments tell.
 */
const SCRIPT = `
  cat >/dev/null
  signal() {
    for file in "$1"/*/postmaster.pid "$1"/*.pid; do
      [ -f "$file" ] || continue
      pid=$(head -n 1 "$file")
      case $({ tr '\\0' ' ' <"/proc/$pid/cmdline" || ps -o args= -p "$pid"; } 2>/dev/null) in *"$1"*) kill "-$2" "$pid" && found=yes ;; esac
    done
  }
  # Those that are asked take their shared memory along.
  for try in 1 2 3 4 5 6 7 8 9 10; do
    found=
    signal "$1" QUIT
    [ "$found" ] || break
    sleep 0.2
  done
  signal "$1" KILL
  rm -rf "$1"
`

/** Looks after servers of a folder while the test's process cannot: when it was killed. */
export class Watchdog {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>

  /** @param folder its own alone; the servers' arguments name it */
  constructor(folder: string) {
    // A group of its own: what Ctrl-C ends is the group of the tests.
    this.#child = spawn('sh', ['-c', SCRIPT, 'watchdog', folder], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    this.#exited = once(this.#child, 'close')
    // It is no reason for the tests' process to stay. Node makes a socket of a pipe.
    this.#child.unref()
    const input = this.#child.stdin as Socket
    input.unref()
    input.on('error', () => {})
  }

  /** There is nothing to look after any more. */
  async end(): Promise<void> {
    this.#child.ref()
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}
