/**
 * RC2 (RFC 2268), decryption in CBC mode only. Keychain Access, older OpenSSL and Java write PKCS#12 files with 40-bit
 * RC2, and OpenSSL 3 no longer reads them unless its legacy provider is loaded, which Node does not do. The cipher
 * protects nothing any more; this exists so that people can open the files that they have.
 */

const BLOCK_BYTES = 8
const ROTATIONS = [1, 2, 3, 5] as const
const MASH_AFTER_ROUNDS: ReadonlySet<number> = new Set([5, 11])
const ROUNDS = 16

/** PITABLE, RFC 2268 section 2: a permutation of the bytes, from the digits of pi. */
const PI_TABLE: Buffer = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
)

/** Decrypts whole blocks; padding stays on. `ciphertext` has to be a multiple of 8 bytes, `iv` 8 bytes. */
export function decryptRc2Cbc(
  ciphertext: Uint8Array,
  key: Uint8Array,
  effectiveKeyBits: number,
  iv: Uint8Array,
): Buffer {
  const schedule = expandKey(key, effectiveKeyBits)
  const plaintext = Buffer.from(ciphertext)
  let previous = iv
  for (let offset = 0; offset < plaintext.length; offset += BLOCK_BYTES) {
    decryptBlock(plaintext, offset, schedule)
    for (let index = 0; index < BLOCK_BYTES; index++) {
      plaintext[offset + index] = (plaintext[offset + index] ?? 0) ^ (previous[index] ?? 0)
    }
    previous = ciphertext.subarray(offset, offset + BLOCK_BYTES)
  }
  return plaintext
}

/** RFC 2268 section 2: the key stretched to 128 bytes, cut to its effective bits, as 64 words. */
function expandKey(key: Uint8Array, effectiveKeyBits: number): Uint16Array {
  const bytes = new Uint8Array(128)
  bytes.set(key)
  for (let index = key.length; index < 128; index++) {
    bytes[index] = pi(at(bytes, index - 1) + at(bytes, index - key.length))
  }
  const effectiveBytes = Math.ceil(effectiveKeyBits / 8)
  const mask = 0xff >> (8 * effectiveBytes - effectiveKeyBits)
  bytes[128 - effectiveBytes] = pi(at(bytes, 128 - effectiveBytes) & mask)
  for (let index = 127 - effectiveBytes; index >= 0; index--) {
    bytes[index] = pi(at(bytes, index + 1) ^ at(bytes, index + effectiveBytes))
  }
  return Uint16Array.from({ length: 64 }, (_, index) => at(bytes, 2 * index) + 256 * at(bytes, 2 * index + 1))
}

/** RFC 2268 section 4: sixteen mixing rounds run backwards, with a mashing round after the fifth and the eleventh. */
function decryptBlock(buffer: Buffer, offset: number, schedule: Uint16Array): void {
  const words = Uint16Array.from({ length: 4 }, (_, index) => buffer.readUInt16LE(offset + 2 * index))
  for (let round = 0, next = 63; round < ROUNDS; round++) {
    if (MASH_AFTER_ROUNDS.has(round)) {
      for (let index = 3; index >= 0; index--) {
        words[index] = at(words, index) - at(schedule, at(words, (index + 3) & 3) & 63)
      }
    }
    for (let index = 3; index >= 0; index--, next--) {
      const rotation = ROTATIONS[index] ?? 0
      const word = at(words, index)
      const rotated = (word >>> rotation) | (word << (16 - rotation))
      const selector = at(words, (index + 3) & 3)
      const mixed = (selector & at(words, (index + 2) & 3)) + (~selector & at(words, (index + 1) & 3))
      words[index] = rotated - at(schedule, next) - mixed
    }
  }
  for (const [index, word] of words.entries()) buffer.writeUInt16LE(word, offset + 2 * index)
}

function pi(value: number): number {
  return at(PI_TABLE, value & 0xff)
}

/** Typed arrays give `undefined` past their end, to the compiler's mind; every index here is in range by construction. */
function at(array: Uint8Array | Uint16Array, index: number): number {
  return array[index] ?? 0
}
