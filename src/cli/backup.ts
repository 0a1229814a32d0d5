import { resolve } from 'node:path'
import { loadConfig, readEnvironment } from '../platform/config.ts'
import { backUp, putBack } from '../platform/embedded/index.ts'
import { holdSending } from '../platform/recognise.ts'
import { CommandFailure } from './failure.ts'
import { withInstallation } from './installation.ts'
import { printJson, printLine } from './terminal.ts'

type Options = { readonly json?: boolean }

/** `duecast backup FILE`: the embedded database as it is now, beside a running server or without one. */
export async function backUpDatabase(file: string, options: Options): Promise<void> {
  const { bytes } = await backUp(embeddedFolder('backup'), resolve(file))
  if (options.json) return printJson({ ok: true, file: resolve(file), bytes })
  printLine(
    `${resolve(file)}: ${(bytes / 1024 / 1024).toFixed(1)} MB. It holds the key of all secrets: keep it safe.`,
  )
}

/** `duecast restore FILE`: into a DATA_DIR that has no database yet. What is restored sends nothing by itself. */
export async function restoreDatabase(file: string, options: Options): Promise<void> {
  const { madeAt } = await putBack(embeddedFolder('restore'), resolve(file))
  await withInstallation(({ owner }) =>
    holdSending(owner.sql, `this database was restored from a backup of ${madeAt}`),
  )
  if (options.json) return printJson({ ok: true, made_at: madeAt, held: true })
  printLine(`Restored as it was at ${madeAt}. Nothing is sent until you have looked: "duecast installation".`)
}

function embeddedFolder(command: string): string {
  const config = loadConfig(readEnvironment())
  if (config.databaseUrl === undefined) return config.dataDir
  throw new CommandFailure(
    'not_embedded',
    `"${command}" is for the embedded database: for the one in DATABASE_URL use pg_dump and pg_restore.`,
  )
}
