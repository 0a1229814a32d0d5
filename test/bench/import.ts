import { createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { writeXlsxStream } from 'hucre'
import { readSheet, receiveFile } from '../../src/contacts/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { importOne } from '../../workers/import.ts'
import type { Figure } from './figure.ts'
import type { Ground } from './ground.ts'
import { childrenOf, memoryOf, startPart } from './processes.ts'
import { openStage, type Stage } from './stage.ts'

/** The same people as the first of the large one: code that is loaded for the first time is not what grows with a sheet. */
const SMALL_ROWS = 1_000
const OPTIONS = { default_country: 'ID', locale: 'en' } as const
const HEADINGS = ['Name', 'Phone', 'Email', 'Due date', 'Amount', 'Invoice', 'City', 'Note']

/** A workbook of eight columns, from the file to rows in the database, beside the reading process alone on the same file. */
export async function benchImport(ground: Ground, rows: number): Promise<Figure[]> {
  const stage = await openStage(ground)
  const path = join(ground.dataDir, 'bench.xlsx')
  const smallPath = join(ground.dataDir, 'small.xlsx')
  try {
    await writeWorkbook(path, rows)
    await writeWorkbook(smallPath, SMALL_ROWS)
    const parsedBefore = await parseAlone(path, rows)
    const bareSeconds = await readAlone(path)
    await importSheet(stage, smallPath)
    const before = process.memoryUsage().rss
    const lag = monitorEventLoopDelay({ resolution: 10 })
    lag.enable()
    const memory = watchMemory()
    const startedMs = performance.now()
    await importSheet(stage, path)
    const seconds = (performance.now() - startedMs) / 1000
    lag.disable()
    const most = memory.stop()
    const grownMb = (process.memoryUsage().rss - before) / 2 ** 20
    const parsedAfter = await parseAlone(path, rows)
    const [taken] = await stage.as(
      ({ sql, workspaceId }) =>
        sql<{ n: number }[]>`SELECT count(*)::int AS n FROM contacts WHERE workspace_id = ${workspaceId}`,
    )
    if (taken!.n !== rows) throw new Error(`${taken!.n} of ${rows} rows were taken in`)
    const size = `${Math.round((await stat(path)).size / 2 ** 20)} MB`
    const isMillion = rows > 1_000_000
    const name = `import of a ${rows.toLocaleString('en-GB')}-row .xlsx (${size}), rows in the database`
    return [
      {
        name,
        unit: 's',
        value: seconds,
        // The pace of a machine changes meanwhile.
        limit: {
          what: 'the fastest streaming parse of the same file alone, the mean of before and after',
          value: (parsedBefore + parsedAfter) / 2,
        },
        ...(isMillion ? { goal: { ratio: { atMost: 1.5 } } } : { asked: { value: { atMost: 15 } } }),
        note: `the parse ${parsedBefore.toFixed(2)} and ${parsedAfter.toFixed(2)} s; the reading process alone, which checks every cell: ${bareSeconds.toFixed(2)} s`,
      },
      {
        name: 'memory of the process that reads it, at most',
        unit: 'MB',
        value: most / 2 ** 20,
        goal: { value: { atMost: 300 } },
      },
      {
        name: 'memory the server grows by meanwhile',
        unit: 'MB',
        value: grownMb,
        asked: { value: { atMost: 50 } },
      },
      {
        name: 'the longest its event loop lags',
        unit: 'ms',
        value: lag.max / 1e6,
        asked: { value: { atMost: 100 } },
      },
    ]
  } finally {
    await rm(path, { force: true })
    await rm(smallPath, { force: true })
    await stage.close()
  }
}

/** From the file to rows, as the server and a worker do it. */
async function importSheet(stage: Stage, path: string): Promise<void> {
  const received = unwrap(
    await stage.as((scope) => receiveFile(scope, { path, fileName: 'bench.xlsx', options: OPTIONS })),
  )
  const data = { workspaceId: stage.workspaceId, importId: received.id }
  await importOne(stage.house)({ name: 'import', data, signal: new AbortController().signal })
}

async function readAlone(path: string): Promise<number> {
  const startedMs = performance.now()
  for await (const _line of readSheet({ path, options: OPTIONS })) {
    // Read to the end and thrown away.
  }
  return (performance.now() - startedMs) / 1000
}

/** The parse in a process of its own, as the reading is. */
async function parseAlone(path: string, rows: number): Promise<number> {
  const part = await startPart('test/bench/bare-parse.ts', /ready/, {}, [path])
  await part.exited
  const said = JSON.parse(part.lines().at(-1)!) as { rows: number; seconds: number }
  if (said.rows !== rows + 1) throw new Error(`${said.rows} rows were parsed, not ${rows + 1}`)
  return said.seconds
}

const LOOK_EVERY_MS = 100

/** Of the child that reads the sheet. */
function watchMemory(): { stop(): number } {
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, ...childrenOf(process.pid, /sheet\/child/).map(memoryOf))
  }, LOOK_EVERY_MS)
  return {
    stop() {
      clearInterval(timer)
      return most
    },
  }
}

/** Row by row: a million of them are more than this process should hold. */
async function writeWorkbook(path: string, count: number): Promise<void> {
  const stream = writeXlsxStream(rowsOf(count), { name: 'Data' })
  await pipeline(Readable.fromWeb(stream as ReadableStream), createWriteStream(path))
}

function* rowsOf(count: number): Generator<(string | number)[]> {
  yield HEADINGS
  for (let i = 0; i < count; i += 1) {
    yield [
      `Siti Rahmawati ${i}`,
      `0812${String(10_000_000 + i)}`,
      `siti.${i}@example.com`,
      `2026-12-${String((i % 28) + 1).padStart(2, '0')}`,
      50_000 + (i % 977) * 1000,
      `INV-2026-${i}`,
      'Jakarta',
      'second reminder',
    ]
  }
}
