import { join } from 'node:path'
import { openConsoleLink, type Running, startServer } from '../main.ts'
import { type Config, loadConfig, readEnvironment } from '../platform/config.ts'
import { unwrap } from '../platform/result.ts'
import { booksBalance } from './demo/statement.ts'
import { type Story, tellStory } from './demo/story.ts'
import { FAILED } from './failure.ts'
import { paint, printLine } from './terminal.ts'

/**
 * `duecast demo`: the whole flow against a server of its own, over HTTP as a customer's program would. It leaves the
 * server running until Ctrl-C; with `exit` it stops after the statement. Exit code 0 only if the books balance.
 */
export async function demo(options: { readonly exit?: boolean }): Promise<void> {
  const config = demoConfig()
  const running = await startServer(config, { workers: true })
  const interrupted = onceInterrupted()
  try {
    const told = tellStory(running)
    const story = await Promise.race([told, interrupted])
    process.exitCode = story && booksBalance(story.settled) ? 0 : FAILED
    if (story === undefined) told.catch(() => {})
    if (story === undefined || options.exit) return
    for (const line of whatNext(running.url, await consoleLink(running, story), config, story))
      printLine(line)
    await interrupted
  } finally {
    await running.stop()
  }
}

/** Its own data beside the installation's, and never a database or a queue that others use. */
function demoConfig(): Config {
  const env = readEnvironment()
  const { dataDir } = loadConfig({ DATA_DIR: env.DATA_DIR })
  return loadConfig({ DATA_DIR: join(dataDir, 'demo'), PORT: '0', LOG_LEVEL: env.LOG_LEVEL || 'error' })
}

function onceInterrupted(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(undefined))
  })
}

async function consoleLink({ house, url }: Running, { workspaceId }: Story): Promise<string> {
  const opened = await house.asSystem('demo', workspaceId, (scope) =>
    openConsoleLink(scope, { serverUrl: url }),
  )
  return unwrap(opened).url
}

function whatNext(
  url: string,
  link: string,
  config: Config,
  { workspaceId, ownerKey, settled }: Story,
): string[] {
  const command = `DATA_DIR=${quoted(config.dataDir)} npm run --silent duecast --`
  const curl = 'curl -sS -H "Authorization: Bearer $KEY"'
  const campaign = `${url}/v1/campaigns/${settled.campaign.id}`
  return [
    '',
    paint('bold', 'The server goes on until Ctrl-C. To look around:'),
    '',
    `  the console, signed in      ${link}`,
    `    (once, within 10 minutes; later with the key, at ${url})`,
    `  the API and its description ${url}/docs`,
    `  the key, shown this once    KEY=${ownerKey}`,
    `  this campaign as a workbook ${curl} -o report.xlsx ${campaign}/report.xlsx`,
    `  every message               ${curl} ${campaign}/messages`,
    `  another key                 ${command} key create --workspace ${workspaceId} --role owner`,
    `  the audit again             ${command} audit`,
    '',
  ]
}

/** A path as a shell takes it, whatever is in it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
