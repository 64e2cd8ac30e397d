/**
 * A drop-in for `@parse/node-apn`: `require('apns-worker/node-apn')`, `import apn from`, `import * as apn from` and
 * `import { Provider } from` all give what they give there, types included.
 */
export * from './node-apn.js'
export * as default from './node-apn.js'
