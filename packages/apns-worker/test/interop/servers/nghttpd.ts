import { mkdirSync, writeFileSync } from 'node:fs'
import { NGHTTPD_MISSING } from '../../support/nghttpd.js'
import { LOCALHOST_FILES } from '../../support/test-identity.js'
import { type FrontEndKind, ProgramFrontEnd } from '../front-end.js'
import { ACCEPTED_TOKENS } from '../tokens.js'

/** nghttpd: it serves files, so that it has 200 for tokens that there is a file of, and 404 with HTML for all others. */
export const NGHTTPD: FrontEndKind = {
  name: 'nghttpd',
  missing: NGHTTPD_MISSING,
  features: new Set(['limits streams', 'limits windows']),

  start(settings, _backEnd, port) {
    const { tls, maxConcurrentStreams = 100, initialWindowSize = 65_535 } = settings
    return ProgramFrontEnd.start({
      program: 'nghttpd',
      args: (directory) => [
        '--address=127.0.0.1',
        `--htdocs=${directory}`,
        `--max-concurrent-streams=${maxConcurrentStreams}`,
        `--window-bits=${Math.floor(Math.log2(initialWindowSize + 1))}`,
        String(port),
        LOCALHOST_FILES.key,
        LOCALHOST_FILES.cert,
      ],
      files: (directory) => {
        mkdirSync(`${directory}/3/device`, { recursive: true })
        for (const token of new Set(ACCEPTED_TOKENS))
          writeFileSync(`${directory}/3/device/${token}`, 'accepted')
        return {}
      },
      tls,
      port,
    })
  },
}
