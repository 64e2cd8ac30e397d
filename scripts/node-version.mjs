// Imported first by every script: an old Node must hear what is wrong before a newer API fails on it.
/** @type {[number, number]} */
const required = [20, 19]
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < required[0] || (major === required[0] && minor < required[1])) {
  console.error(
    `apns-worker needs Node.js ${required.join('.')} or newer; this is ${process.versions.node}.\n` +
      'Install a current release from https://nodejs.org and try again.',
  )
  process.exit(1)
}
