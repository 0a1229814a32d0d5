/**
 * A program of its own that opens the embedded database: `node --import tsx embedded-user.ts DATA_DIR`. It prints
 * one line of JSON, then stops when its standard input ends.
 */
import { once } from 'node:events'
import { EmbeddedDatabaseError, openEmbedded } from '../../src/platform/embedded/index.ts'

const [dataDir = ''] = process.argv.slice(2)
try {
  const database = await openEmbedded({ dataDir })
  print({ url: database.databaseUrl, home: database.home })
  process.stdin.resume()
  await once(process.stdin, 'end')
  await database.stop()
  print({ stopped: true })
} catch (error) {
  print({ code: error instanceof EmbeddedDatabaseError ? error.code : 'bug', message: String(error) })
  process.exitCode = 1
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
