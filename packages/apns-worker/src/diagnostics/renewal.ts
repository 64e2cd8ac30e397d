import { providerTokenRenewed } from './channels.js'

/** Tells whoever subscribed that there is a new provider token; the token itself is nobody's business. */
export function publishRenewed(
  { keyId, teamId }: { readonly keyId: string; readonly teamId: string },
  issuedAtMs: number,
): void {
  if (!providerTokenRenewed.hasSubscribers) return
  // `iat` has whole seconds.
  providerTokenRenewed.publish({ keyId, teamId, issuedAt: new Date(Math.floor(issuedAtMs / 1000) * 1000) })
}
