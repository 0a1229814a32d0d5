import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { writeXlsx } from 'hucre'
import { readSheet, receiveFile } from '../../src/contacts/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { importOne } from '../../workers/import.ts'
import type { Figure } from './figure.ts'
import type { Ground } from './ground.ts'
import { openStage } from './stage.ts'

const HEADINGS = ['Name', 'Phone', 'Email', 'Due date', 'Amount', 'Invoice', 'City', 'Note']

/** A workbook of eight columns, from the file to rows in the database, beside the reading process alone on the same file. */
export async function benchImport(ground: Ground, rows: number): Promise<Figure[]> {
  const stage = await openStage(ground)
  const path = join(ground.dataDir, 'bench.xlsx')
  try {
    await writeFile(path, await workbook(rows))
    const options = { default_country: 'ID', locale: 'en' }
    const bareSeconds = await readAlone(path, options)
    const before = process.memoryUsage().rss
    const lag = monitorEventLoopDelay({ resolution: 10 })
    lag.enable()
    const startedMs = performance.now()
    const received = unwrap(
      await stage.as((scope) => receiveFile(scope, { path, fileName: 'bench.xlsx', options })),
    )
    const data = { workspaceId: stage.workspaceId, importId: received.id }
    await importOne(stage.house)({ name: 'import', data, signal: new AbortController().signal })
    const seconds = (performance.now() - startedMs) / 1000
    lag.disable()
    const grownMb = (process.memoryUsage().rss - before) / 2 ** 20
    const [taken] = await stage.as(
      ({ sql, workspaceId }) =>
        sql<{ n: number }[]>`SELECT count(*)::int AS n FROM contacts WHERE workspace_id = ${workspaceId}`,
    )
    if (taken!.n !== rows) throw new Error(`${taken!.n} of ${rows} rows were taken in`)
    const size = `${Math.round((await readFile(path)).length / 2 ** 20)} MB`
    const name = `import of a ${rows.toLocaleString('en-GB')}-row .xlsx (${size}), rows in the database`
    return [
      {
        name,
        unit: 's',
        value: seconds,
        limit: { what: 'the reading process alone', value: bareSeconds },
        asked: { value: { atMost: 15 } },
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
    await stage.close()
  }
}

async function readAlone(path: string, options: Parameters<typeof readSheet>[0]['options']): Promise<number> {
  const startedMs = performance.now()
  for await (const _line of readSheet({ path, options })) {
    // Read to the end and thrown away.
  }
  return (performance.now() - startedMs) / 1000
}

async function workbook(count: number): Promise<Uint8Array> {
  const rows = Array.from({ length: count }, (_, i) => [
    `Siti Rahmawati ${i}`,
    `0812${String(10_000_000 + i)}`,
    `siti.${i}@example.com`,
    `2026-12-${String((i % 28) + 1).padStart(2, '0')}`,
    50_000 + (i % 977) * 1000,
    `INV-2026-${i}`,
    'Jakarta',
    'second reminder',
  ])
  return writeXlsx({ sheets: [{ name: 'Data', rows: [HEADINGS, ...rows] }] })
}
