/** Words of a server, and names in a certificate, may hold anything; a terminal would obey it. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '�')
}
