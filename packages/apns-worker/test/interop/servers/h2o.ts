import { missing } from '../../support/child-server.js'
import { LOCALHOST_FILES } from '../../support/test-identity.js'
import { type FrontEndKind, ProgramFrontEnd } from '../front-end.js'

/** h2o, as a proxy. Its timeouts are whole seconds, and the streams that it permits 100, whatever it is told. */
export const H2O: FrontEndKind = {
  name: 'h2o',
  missing: missing(['h2o', '--version'], 'h2o'),
  features: new Set(['asks the back end', 'quits', 'closes what is idle']),

  start(settings, backEnd, port) {
    const { tls, maxConcurrentStreams = 100, idleSeconds = 60 } = settings
    const configuration = (directory: string): string => `
${process.getuid?.() === 0 ? 'user: root' : ''}
num-threads: 1
error-log: ${directory}/error.log
http2-max-concurrent-requests-per-connection: ${maxConcurrentStreams}
http2-idle-timeout: ${Math.max(1, Math.ceil(idleSeconds))}
listen:
  host: 127.0.0.1
  port: ${port}
  ssl:
    certificate-file: ${LOCALHOST_FILES.cert}
    key-file: ${LOCALHOST_FILES.key}
    minimum-version: ${tls}
    ocsp-update-interval: 0
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://127.0.0.1:${backEnd.port}
        proxy.preserve-host: ON
`
    return ProgramFrontEnd.start({
      program: 'h2o',
      args: (directory) => ['-c', `${directory}/h2o.conf`],
      files: (directory) => ({ 'h2o.conf': configuration(directory) }),
      port,
      tls,
      quits: 'SIGTERM',
    })
  },
}
