// Who may import whom. The rings of the library, from the inside out: `protocol/` is pure; the domain and `backend/`
// decide; `net/`, the credential files and the packages above touch the world. Inner rings never import outer ones.
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'

/**
 * @typedef {object} Rule
 * @property {RegExp} from files it binds, relative to `packages/`
 * @property {RegExp} forbidden what they may not import: a path relative to `packages/`, `node:…`, or a package's name
 * @property {boolean} [evenTypes] whether type-only imports are forbidden too; by default they are free
 * @property {string} because
 */

const io =
  /^node:(net|tls|dns|http|https|http2|dgram|fs|child_process|worker_threads|cluster|timers|readline|stream)(\/|$)/
const files = /^node:fs(\/|$)/
const sockets = /^node:(net|tls|dns|http|https|http2|dgram)(\/|$)/

/** The library's own words: all that is in no room of its own, the ones that put the house together aside. */
const domain =
  /^apns-worker\/src\/(?!(protocol|backend|net|credentials|broadcast|doctor|node-apn|apps)\/|(index|manager|load-backend)\.ts$)/

/** @type {readonly Rule[]} */
export const rules = [
  {
    from: /^apns-worker\/src\/protocol\//,
    forbidden: /^node:(?!(assert|buffer)$)/,
    evenTypes: true,
    because: 'protocol/ is pure: bytes in, events and bytes out',
  },
  {
    from: /^apns-worker\/src\/protocol\//,
    forbidden: /^apns-worker\/src\/(?!protocol\/)/,
    because: 'protocol/ is the innermost ring',
  },
  {
    from: /^apns-worker\/src\/protocol\//,
    forbidden: /^apns-worker\/src\/(backend|net|broadcast|credentials)\//,
    evenTypes: true,
    because: 'protocol/ knows neither APNs policy nor the network',
  },
  {
    from: /^apns-worker\/src\/protocol\/http2\//,
    forbidden: /^apns-worker\/src\/(?!protocol\/http2\/)/,
    evenTypes: true,
    because: 'protocol/http2 knows nothing of APNs',
  },
  {
    from: domain,
    forbidden: io,
    evenTypes: true,
    because: 'the domain decides and touches nothing',
  },
  {
    from: domain,
    forbidden: /^apns-worker\/src\/(net|protocol\/http2|backend\/.+\/)/,
    because: 'the domain knows no transport',
  },
  {
    // `node:tls` parses certificates too.
    from: /^apns-worker\/src\/credentials\//,
    forbidden: /^node:(net|dns|http|https|http2|dgram)(\/|$)/,
    because: 'credentials are checked without the network',
  },
  {
    from: /^apns-worker\/src\/(?!(net|credentials)\/)/,
    forbidden: sockets,
    because: 'net/ is the only room that touches sockets',
  },
  {
    from: /^apns-worker\/src\/(?!(net|credentials)\/|load-backend)/,
    forbidden: files,
    because: 'files are read at the edges only',
  },
  {
    from: /^apns-worker\/src\/net\//,
    forbidden: /^apns-worker\/src\/(backend|broadcast)\//,
    because: 'net/ serves the backends and does not know them',
  },
  {
    from: /^apns-worker\/src\/(?!node-apn\/)/,
    forbidden: /^apns-worker\/src\/node-apn\//,
    evenTypes: true,
    because: 'node-apn/ is built on the library, and the library does without it',
  },
  {
    from: /^apns-worker\/src\/(?!(node-apn|apps)\/|index\.ts$)/,
    forbidden: /^apns-worker\/src\/apps\//,
    evenTypes: true,
    because: 'apps/ is built on managers, which do without it',
  },
  {
    from: /^apns-worker\/src\//,
    forbidden: /^(?!node:|apns-worker\/src\/)/,
    evenTypes: true,
    because: 'the library has no dependencies',
  },
  {
    from: /^simulator\/src\//,
    forbidden: /^apns-worker(\/|$)/,
    evenTypes: true,
    because: 'the simulator and the library share no code, so that each checks the other',
  },
  {
    from: /^simulator\/src\//,
    forbidden: /^(?!simulator\/)[\w-]+\/(src|dist)\//,
    evenTypes: true,
    because: 'the simulator knows other packages by their public names only',
  },
  {
    from: /^cli\/src\//,
    forbidden: /^(?!cli\/)[\w-]+\/(src|dist)\//,
    evenTypes: true,
    because: 'the command line knows other packages by their public names only',
  },
  {
    from: /^server\/src\//,
    forbidden: /^(?!server\/)[\w-]+\/(src|dist)\//,
    evenTypes: true,
    because: 'the server knows other packages by their public names only',
  },
  {
    from: /^server\/src\/outbox\//,
    forbidden: /^(apns-worker(\/|$)|server\/src\/(?!(outbox|postgres)\/))/,
    evenTypes: true,
    because: 'the outbox stores messages, and does not know how they are sent',
  },
  {
    from: /^server\/src\/outbox\/(?!postgres\/)/,
    forbidden: /^(server\/src\/postgres\/|pg$)/,
    evenTypes: true,
    because: 'whoever needs no PostgreSQL does not load its client',
  },
  {
    from: /^server\/src\/postgres\//,
    forbidden: /^server\/src\/(?!(postgres\/|outbox\/[^/]+$))/,
    evenTypes: true,
    because: 'the database serves the outbox and the fleet, and does not know them',
  },
  {
    from: /^server\/src\/((http|feedback|telemetry|apps|config)\/|fleet\/(?!postgres\/))/,
    forbidden: /^server\/src\/(outbox\/(embedded|postgres)\/|postgres\/|operations\/|server\.ts$)/,
    evenTypes: true,
    because:
      'the rooms of the server know each other, and not who puts them together; and the contract of the outbox alone',
  },
  {
    from: /^server\/src\/worker\//,
    forbidden: /^server\/src\/(outbox\/(embedded|postgres)\/|postgres\/)/,
    evenTypes: true,
    because: 'the worker knows the contract of the outbox only',
  },
  {
    from: /^server\/src\/outbox\/[^/]+$/,
    forbidden: new RegExp(`${io.source}|^server/src/outbox/(embedded|postgres)/`),
    evenTypes: true,
    because: 'the contract of the outbox knows no implementation',
  },
]

/**
 * @param {string} file relative to `packages/`, with forward slashes
 * @param {string} text its source
 * @returns {string[]} what is wrong with its imports, in words
 */
export function violations(file, text) {
  const found = []
  for (const { specifier, typeOnly } of importsOf(text)) {
    const target = resolve(file, specifier)
    for (const { from, forbidden, evenTypes, because } of rules) {
      if (!from.test(file) || !forbidden.test(target) || (typeOnly && !evenTypes)) continue
      found.push(`${file} imports ${specifier}: ${because}`)
    }
  }
  return found
}

/**
 * @param {string} packages the directory
 * @param {readonly string[]} list of files, relative to it
 */
export const violationsIn = (packages, list) =>
  list.flatMap((file) => violations(file, readFileSync(posix.join(packages, file), 'utf8')))

/**
 * Every `import`, `export … from`, `import()` and `require()` of a source text.
 *
 * @param {string} text
 */
function importsOf(text) {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const statement =
    /^\s*(?:import|export)\s+(type\s)?(?:[\w*{][^'"`;=()]*\sfrom\s*)?['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/gm
  return [...code.matchAll(statement)].map(([, type, named, called]) => ({
    specifier: named ?? called ?? '',
    typeOnly: type !== undefined,
  }))
}

/**
 * @param {string} file
 * @param {string} specifier
 */
function resolve(file, specifier) {
  const own = file.slice(0, file.indexOf('/'))
  if (specifier.startsWith('#src/')) return source(`${own}/src/${specifier.slice('#src/'.length)}`)
  if (specifier.startsWith('.')) return source(posix.join(posix.dirname(file), specifier))
  return specifier
}

/** @param {string} path */
const source = (path) => path.replace(/\.js$/, '.ts')
