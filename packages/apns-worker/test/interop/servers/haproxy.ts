import { readFileSync } from 'node:fs'
import { missing } from '../../support/child-server.js'
import { LOCALHOST_FILES } from '../../support/test-identity.js'
import { type FrontEndKind, ProgramFrontEnd } from '../front-end.js'

/** haproxy, with a master that can replace its worker. */
export const HAPROXY: FrontEndKind = {
  name: 'haproxy',
  missing: missing(['haproxy', '-v'], 'haproxy'),
  features: new Set([
    'asks the back end',
    'quits',
    'reloads',
    'limits streams',
    'limits windows',
    'closes what is idle',
    'speaks HTTP/1.1',
  ]),

  start(settings, backEnd, port) {
    const { tls, protocol = 'h2', maxConcurrentStreams = 100, initialWindowSize = 65_535 } = settings
    const { idleSeconds = 60 } = settings
    const configuration = (directory: string): string => `
global
  maxconn 1000
  nbthread 1
  tune.h2.max-concurrent-streams ${maxConcurrentStreams}
  tune.h2.initial-window-size ${initialWindowSize}
defaults
  mode http
  timeout connect 5s
  timeout server 60s
  timeout client ${idleSeconds * 1000}ms
  http-reuse always
frontend tls
  bind 127.0.0.1:${port} ssl crt ${directory}/identity.pem alpn ${protocol} ssl-min-ver ${tls} ssl-max-ver ${tls}
  default_backend apns
backend apns
  server apns 127.0.0.1:${backEnd.port}
`
    return ProgramFrontEnd.start({
      program: 'haproxy',
      args: (directory) => ['-W', '-q', '-f', `${directory}/haproxy.cfg`],
      files: (directory) => ({
        'haproxy.cfg': configuration(directory),
        'identity.pem':
          readFileSync(LOCALHOST_FILES.cert, 'utf8') + readFileSync(LOCALHOST_FILES.key, 'utf8'),
      }),
      port,
      quits: 'SIGUSR1',
      reloads: 'SIGUSR2',
    })
  },
}
