import { missing } from '../../support/child-server.js'
import { LOCALHOST_FILES } from '../../support/test-identity.js'
import { type FrontEndKind, ProgramFrontEnd } from '../front-end.js'

/** nginx, as a proxy. */
export const NGINX: FrontEndKind = {
  name: 'nginx',
  missing: missing(['nginx', '-v'], 'nginx'),
  features: new Set([
    'asks the back end',
    'quits',
    'reloads',
    'limits streams',
    'limits windows',
    'limits requests',
    'closes what is idle',
    'speaks HTTP/1.1',
  ]),

  start(settings, backEnd, port) {
    const { tls, protocol = 'h2', maxConcurrentStreams = 128, initialWindowSize = 65_536 } = settings
    const { requestsPerConnection = 1_000_000, idleSeconds = 60 } = settings
    const configuration = (directory: string): string => `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${directory}/pid;
error_log ${directory}/error.log;
events { worker_connections 10000; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${directory}/${what};`).join(' ')}
  upstream back_end { server 127.0.0.1:${backEnd.port}; keepalive 200; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port} ssl ${protocol === 'h2' ? 'http2' : ''};
    ssl_certificate ${LOCALHOST_FILES.cert};
    ssl_certificate_key ${LOCALHOST_FILES.key};
    ssl_protocols ${tls};
    http2_max_concurrent_streams ${maxConcurrentStreams};
    http2_body_preread_size ${initialWindowSize};
    keepalive_requests ${requestsPerConnection};
    keepalive_timeout ${idleSeconds * 1000}ms;
    location / {
      proxy_pass http://back_end;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`
    return ProgramFrontEnd.start({
      program: 'nginx',
      args: (directory) => ['-p', directory, '-c', `${directory}/nginx.conf`, '-e', `${directory}/error.log`],
      files: (directory) => ({ 'nginx.conf': configuration(directory) }),
      port,
      quits: 'SIGQUIT',
      reloads: 'SIGHUP',
    })
  },
}
