/**
 * postgres.js 3.4.9, when a database connection is lost within a transaction: writes to the closed socket and so takes
 * the process down (porsager/postgres#1066, #1154, #1208); sends what a lost transaction still says on the connection of
 * whoever got it next; and keeps the lost query's rows, error and unsent bytes for the next one. Besides, with
 * `fetch_types: false`, `reserve()` waits for ever where it is what opened the connection. Until a release has the cure,
 * it is applied after each install. Fails if the package is not the one that it was written for.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** [file, as it is, as it should be] */
const CURES = [
  [
    'connection.js',
    `  function nextWrite(fn) {
    const x = socket.write(chunk, fn)
`,
    `  function nextWrite(fn) {
    if (!socket) {
      nextWriteTimer !== null && clearImmediate(nextWriteTimer)
      chunk = nextWriteTimer = null
      error(Errors.connection('CONNECTION_CLOSED', options, socket))
      return true
    }
    const x = socket.write(chunk, fn)
`,
  ],
  [
    'connection.js',
    `    !hadError && (query || sent.length) && error(Errors.connection('CONNECTION_CLOSED', options, socket))
    closedTime`,
    `    ;(query || sent.length) && error(Errors.connection('CONNECTION_CLOSED', options, socket))
    query = results = errorResponse = chunk = nextWriteTimer = final = null
    result = new Result()
    rows = 0
    closedTime`,
  ],
  [
    'connection.js',
    `      initial && !initial.reserve && execute(initial)
      options.shared.retries = retries = 0
      initial = null
      return
`,
    `      const first = initial
      options.shared.retries = retries = 0
      initial = null
      if (!first.reserve) {
        execute(first)
        return
      }
`,
  ],
  [
    'index.js',
    `        new Promise((_, reject) => connection.onclose = reject)
`,
    `        new Promise((_, reject) => connection.onclose = e => reject(lost = e))
`,
  ],
  [
    'index.js',
    `    let savepoints = 0
      , connection
`,
    `    let savepoints = 0
      , lost = null
      , connection
`,
  ],
  [
    'index.js',
    `      function handler(q) {
        q.catch(e => uncaughtError || (uncaughtError = e))
        c.queue`,
    `      function handler(q) {
        q.catch(e => uncaughtError || (uncaughtError = e))
        if (lost)
          return q.reject(lost)
        c.queue`,
  ],
]

const root = join(dirname(createRequire(import.meta.url).resolve('postgres')), '../..')
for (const folder of ['src', 'cjs/src']) {
  for (const [file, ill, cured] of CURES) {
    const path = join(root, folder, file)
    const text = readFileSync(path, 'utf8')
    if (text.includes(cured)) continue
    if (!text.includes(ill)) throw new Error(`${path} is not the file that this cure was written for`)
    writeFileSync(
      path,
      text.replace(ill, () => cured),
    )
  }
}
