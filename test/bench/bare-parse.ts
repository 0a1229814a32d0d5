import { openAsBlob } from 'node:fs'
import { streamXlsxRows } from 'hucre'

/**
 * The fastest streaming parse there is here, alone: every row of a workbook read as it stands and thrown away. Argument:
 * the file. Prints the rows and the seconds.
 */
const [path = ''] = process.argv.slice(2)
process.stdout.write('ready\n')
const startedMs = performance.now()
let rows = 0
for await (const _row of streamXlsxRows((await openAsBlob(path)).stream())) rows += 1
process.stdout.write(`${JSON.stringify({ rows, seconds: (performance.now() - startedMs) / 1000 })}\n`)
process.exit(0)
