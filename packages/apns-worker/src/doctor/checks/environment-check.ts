import { CredentialError, loadCredentials } from '../../credentials/credentials.js'
import { type Check, ok, problem } from '../check.js'
import type { ServerContext } from '../context.js'

/** Whether a certificate is for the environment that it is to be used in. */
export const environmentCheck: Check<ServerContext> = {
  name: 'environment',
  needs: [],
  applies: ({ credentials, server }) =>
    credentials?.kind === 'certificate' && server.environment !== undefined,
  run({ credentialOptions, server: { environment } }) {
    try {
      loadCredentials(credentialOptions, { environment, now: Date.now })
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error
      return problem(error.code, { text: error.message })
    }
    return ok(`the certificate is for ${environment}`, { facts: { environment: environment ?? null } })
  },
}
