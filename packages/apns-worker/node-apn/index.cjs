// What `require('apns-worker/node-apn')` gives: an object of its own, as node-apn's is, so that tests may put their
// stubs into it.
const { MultiProvider, Notification, Provider, ProviderError, token } = require('../dist/node-apn/index.js')

module.exports = { MultiProvider, Notification, Provider, ProviderError, token }
