import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isExempt } from '#src/net/proxy/no-proxy.js'

/** `NO_PROXY`, and what it exempts and what it does not. */
const TABLE: readonly (readonly [list: string, exempt: readonly string[], others: readonly string[]])[] = [
  ['', [], ['api.push.apple.com:443', '127.0.0.1:443']],
  [' , ,', [], ['api.push.apple.com:443']],
  ['*', ['api.push.apple.com:443', '127.0.0.1:1', '[::1]:1'], []],
  ['a.example, *', ['api.push.apple.com:443'], []],
  [
    'apple.com',
    ['apple.com:443', 'push.apple.com:443', 'api.push.apple.com:2197', 'APPLE.com:1', 'apple.com.:443'],
    ['pineapple.com:443', 'apple.com.example:443', 'com:443', 'apple:443'],
  ],
  ['.apple.com', ['apple.com:443', 'api.push.apple.com:443'], ['pineapple.com:443']],
  ['*.apple.com', ['apple.com:443', 'api.push.apple.com:443'], ['pineapple.com:443']],
  ['apple.com.', ['apple.com:443', 'api.push.apple.com.:443'], ['pineapple.com:443']],
  [
    'API.Push.Apple.COM',
    ['api.push.apple.com:443'],
    ['push.apple.com:443', 'api.sandbox.push.apple.com:443'],
  ],
  [
    'a.example,api.push.apple.com b.example\tc.example',
    ['api.push.apple.com:443', 'b.example:1', 'c.example:1'],
    ['d.example:1'],
  ],
  ['api.push.apple.com:2197', ['api.push.apple.com:2197'], ['api.push.apple.com:443']],
  ['.apple.com:443', ['api.push.apple.com:443'], ['api.push.apple.com:2197']],
  ['*:443', [], ['api.push.apple.com:443']],
  ['127.0.0.1', ['127.0.0.1:443', '127.0.0.1:80'], ['127.0.0.2:443', '1.127.0.0.1:443', '[::1]:443']],
  ['127.0.0.1:443', ['127.0.0.1:443'], ['127.0.0.1:80']],
  ['0.0.1', [], ['127.0.0.1:443']],
  ['::1', ['[::1]:443', '[0:0:0:0:0:0:0:1]:443'], ['[::2]:443', '127.0.0.1:443']],
  ['[::1]', ['[::1]:443'], ['[::2]:443']],
  ['[2001:DB8:0::1]:443', ['[2001:db8::1]:443'], ['[2001:db8::1]:80']],
  ['10.0.0.0/8', ['10.1.2.3:443', '10.255.255.255:1'], ['11.0.0.1:443', '[::1]:443', 'ten.example:443']],
  ['fd00::/8', ['[fd12::1]:443'], ['[fe80::1]:443', '10.0.0.1:443']],
  ['0.0.0.0/0', ['8.8.8.8:443'], ['api.push.apple.com:443']],
  ['10.0.0.0/33,10.0.0.0/,10.0.0.0/x,/8,ten/8,fd00::/129', [], ['10.1.2.3:443', 'ten:443', '[fd00::1]:443']],
  ['.,*.,:443,[,]:1', [], ['api.push.apple.com:443', '127.0.0.1:443']],
  ['localhost', ['localhost:443', 'a.localhost:443'], ['127.0.0.1:443']],
]

function destinationOf(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(':')
  return { host: text.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(at + 1)) }
}

describe('NO_PROXY', () => {
  for (const [list, exempt, others] of TABLE) {
    it(`${JSON.stringify(list)} exempts ${exempt.join(', ') || 'nothing'}`, () => {
      for (const text of exempt) assert.ok(isExempt(list, destinationOf(text)), text)
      for (const text of others) assert.ok(!isExempt(list, destinationOf(text)), text)
    })
  }
})
