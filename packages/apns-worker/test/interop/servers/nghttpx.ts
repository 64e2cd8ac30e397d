import { missing } from '../../support/child-server.js'
import { LOCALHOST_FILES } from '../../support/test-identity.js'
import { type FrontEndKind, ProgramFrontEnd } from '../front-end.js'

/** nghttpx, the proxy of nghttp2. */
export const NGHTTPX: FrontEndKind = {
  name: 'nghttpx',
  missing: missing(['nghttpx', '--version'], 'nghttp2-proxy'),
  features: new Set([
    'asks the back end',
    'quits',
    'limits streams',
    'limits windows',
    'limits requests',
    'closes what is idle',
    'speaks HTTP/1.1',
  ]),

  start(settings, backEnd, port) {
    const { tls, protocol = 'h2', maxConcurrentStreams = 100, initialWindowSize = 65_535 } = settings
    const { requestsPerConnection = 1_000_000, idleSeconds = 60 } = settings
    const args = [
      // No file of the system's.
      '--conf=/dev/null',
      `--frontend=127.0.0.1,${port}`,
      `--backend=127.0.0.1,${backEnd.port}`,
      '--workers=1',
      '--no-ocsp',
      '--errorlog-file=/dev/null',
      `--tls-min-proto-version=${tls}`,
      `--tls-max-proto-version=${tls}`,
      `--npn-list=${protocol}`,
      `--frontend-http2-max-concurrent-streams=${maxConcurrentStreams}`,
      `--frontend-http2-window-size=${initialWindowSize}`,
      `--frontend-max-requests=${requestsPerConnection}`,
      `--frontend-http2-read-timeout=${idleSeconds * 1000}ms`,
      LOCALHOST_FILES.key,
      LOCALHOST_FILES.cert,
    ]
    return ProgramFrontEnd.start({ program: 'nghttpx', args: () => args, port, quits: 'SIGQUIT' })
  },
}
