import { Option } from 'commander'
import { nonEmpty } from './environment-variable.js'

/** `--proxy`, for the commands that connect. */
export function proxyOption(): Option {
  return new Option(
    '--proxy <url>',
    'way out: http://, https:// or socks5://host:port; or environment, for what HTTPS_PROXY and NO_PROXY say',
  )
}

/** The proxy that the option or APNS_PROXY names, where a password is not for all to see who may list processes. */
export function proxyFrom(
  { proxy }: { readonly proxy?: string },
  environment: NodeJS.ProcessEnv,
): string | undefined {
  return nonEmpty(proxy ?? environment['APNS_PROXY'])
}
