import { EOS, HUFFMAN_CODES } from './huffman-code.js'

/*
 * Four bits at a time through a table. A state is an inner node of the code's tree: what has been read of an unfinished
 * symbol. The table says for each state and nibble: the next state, the symbol that was finished (no code is shorter than
 * five bits, so it is one at most), and whether the string may end here.
 */
const EMITS = 0x100
const MAY_END = 0x200
const FAILS = 0x400
const STATE_SHIFT = 11

const TABLE = buildTable()

interface TreeNode {
  children: [TreeNode | undefined, TreeNode | undefined]
  symbol: number
  state: number
  /** Whether the bits up to here are a padding: fewer than eight, all ones (RFC 7541 section 5.2). */
  padding: boolean
}

function buildTree(): { root: TreeNode; inner: TreeNode[] } {
  const node = (padding: boolean): TreeNode => ({
    children: [undefined, undefined],
    symbol: -1,
    state: -1,
    padding,
  })
  const root = node(true)
  for (const { symbol, code, length } of HUFFMAN_CODES) {
    let at = root
    for (let bit = length - 1; bit >= 0; bit--) {
      const branch = ((code >>> bit) & 1) as 0 | 1
      const depth = length - bit
      at.children[branch] ??= node(at.padding && branch === 1 && depth < 8)
      at = at.children[branch]
    }
    at.symbol = symbol
  }
  const inner: TreeNode[] = [root]
  root.state = 0
  for (const parent of inner) {
    for (const child of parent.children) {
      if (child === undefined || child.symbol >= 0) continue
      child.state = inner.length
      inner.push(child)
    }
  }
  return { root, inner }
}

function buildTable(): Int32Array {
  const { root, inner } = buildTree()
  const table = new Int32Array(inner.length * 16)
  for (const start of inner) {
    for (let nibble = 0; nibble < 16; nibble++) {
      let at = start
      let entry = 0
      for (let bit = 3; bit >= 0; bit--) {
        const next = at.children[((nibble >>> bit) & 1) as 0 | 1]
        if (next === undefined || next.symbol === EOS) {
          entry = FAILS
          break
        }
        at = next
        if (next.symbol >= 0) {
          entry |= EMITS | next.symbol
          at = root
        }
      }
      if ((entry & FAILS) === 0) entry |= (at.state << STATE_SHIFT) | (at.padding ? MAY_END : 0)
      table[(start.state << 4) | nibble] = entry
    }
  }
  return table
}

/** The most bytes that `length` Huffman-coded bytes can decode to: no code is shorter than five bits. */
export function maxDecodedLength(length: number): number {
  return Math.floor((length * 8) / 5)
}

/**
 * Decodes `source[start, end)` to `target[offset…)`, which has room for `maxDecodedLength(end - start)` bytes. Returns the
 * position after the last byte written, or -1 when the code is invalid: EOS inside, padding of eight bits or more, or
 * padding that is not all ones (RFC 7541 section 5.2).
 */
export function decodeHuffman(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  offset: number,
): number {
  const table = TABLE
  let entry = MAY_END
  let position = offset
  for (let i = start; i < end; i++) {
    const byte = source[i] as number
    entry = table[((entry >>> STATE_SHIFT) << 4) | (byte >>> 4)] as number
    if ((entry & EMITS) !== 0) target[position++] = entry
    else if ((entry & FAILS) !== 0) return -1
    entry = table[((entry >>> STATE_SHIFT) << 4) | (byte & 15)] as number
    if ((entry & EMITS) !== 0) target[position++] = entry
    else if ((entry & FAILS) !== 0) return -1
  }
  return (entry & MAY_END) !== 0 ? position : -1
}
