/**
 * Why a PKCS#12 file could not be read:
 * - `encoding`: not DER as RFC 7292 lays it out (it may be BER, or no PKCS#12 at all);
 * - `algorithm`: an encryption, digest or structure that this reader does not know;
 * - `passphrase`: the integrity check or the decryption failed;
 * - `limit`: it asks for more work than any honest file does.
 */
export type Pkcs12Problem = 'encoding' | 'algorithm' | 'passphrase' | 'limit'

export class Pkcs12Error extends Error {
  override readonly name = 'Pkcs12Error'
  readonly problem: Pkcs12Problem

  constructor(problem: Pkcs12Problem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
  }
}
